#include "client.h"
#include "floor.h"
#include "json.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void client_connect(struct client *client, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *client = (struct client){.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (client->socket < 0) die("socket");
    if (strlen(path) >= sizeof address.sun_path) die("a path that is too long");
    strcpy(address.sun_path, path);
    if (connect(client->socket, (struct sockaddr *)&address, sizeof address)) die(path);
}

void client_send(struct client *client, const char *text, size_t length) {
    while (length > 0) {
        ssize_t sent = send(client->socket, text, length, MSG_NOSIGNAL);
        if (sent < 0) die("send");
        text += sent, length -= sent;
    }
}

const char *client_receive(struct client *client) {
    // What the last call returned is done with.
    client->used -= client->line;
    memmove(client->buffer, client->buffer + client->line, client->used);
    for (size_t searched = 0;;) {
        char *end = client->used > searched ? memchr(client->buffer + searched, '\n', client->used - searched) : NULL;
        if (end) {
            *end = 0;
            client->line = end + 1 - client->buffer;
            if (json_member(client->buffer, "error")) {
                fprintf(stderr, "refused: %s\n", client->buffer);
                exit(1);
            }
            return client->buffer;
        }
        searched = client->used;
        if (client->size - client->used < 65536) {
            client->size = client->size * 2 + 131072;
            if (!(client->buffer = realloc(client->buffer, client->size))) die("realloc");
        }
        ssize_t got = recv(client->socket, client->buffer + client->used, client->size - client->used, 0);
        if (got <= 0) die("the daemon has closed the connection");
        client->used += got;
    }
}

const char *client_call(struct client *client, const char *method, const char *parameters) {
    char *line;
    int length = asprintf(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, parameters);
    if (length < 0) die("asprintf");
    client_send(client, line, length);
    free(line);
    const char *answer;
    do answer = client_receive(client);
    while (json_member(answer, "method"));
    return answer;
}
