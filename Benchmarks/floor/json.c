#include "json.h"
#include <stdlib.h>
#include <string.h>

static const char *skip_string(const char *at) {
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1]) at++;
    return *at ? at + 1 : at;
}

static const char *skip_value(const char *at) {
    int depth = 0;
    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') {
            if (depth == 0) return at;
            depth--;
        }
        at++;
    } while (*at && (depth > 0 || (*at != ',' && *at != '}' && *at != ']')));
    return at;
}

const char *json_member(const char *object, const char *name) {
    size_t length = strlen(name);
    if (!object || *object != '{') return NULL;
    for (const char *at = object + 1; *at == '"';) {
        const char *key = at + 1, *end = skip_string(at);
        if (*end != ':') return NULL;
        if ((size_t)(end - 1 - key) == length && !memcmp(key, name, length)) return end + 1;
        at = skip_value(end + 1);
        if (*at == ',') at++;
    }
    return NULL;
}

long json_number(const char *object, const char *path, long otherwise) {
    char name[64];
    while (*path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof name) return otherwise;
        memcpy(name, path, length);
        name[length] = 0;
        if (!(object = json_member(object, name))) return otherwise;
        path += length + (path[length] == '.');
    }
    char *end;
    long value = strtol(object, &end, 10);
    return end == object ? otherwise : value;
}
