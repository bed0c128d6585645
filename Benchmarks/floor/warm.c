// warm - a warm worker (docs/worker-protocol.md) that takes the command of `stamp` as its task: it records when it received it, and
// exits. What `load ... latency` measures is then the way of a task to a process that was there before.
#include "floor.h"
#include <fcntl.h>
#include <unistd.h>

static void say(int channel, const char *line) {
    if (write(channel, line, strlen(line)) != (ssize_t)strlen(line)) die("write");
}

int main(void) {
    static char line[65536];
    const char *variable = getenv("ORCH_WORKER_FD");
    if (!variable) return fprintf(stderr, "warm: started without ORCH_WORKER_FD\n"), 2;
    int channel = number(variable);
    size_t length = 0;
    say(channel, "{\"type\":\"ready\"}\n");
    while (length == 0 || line[length - 1] != '\n') {
        ssize_t got = read(channel, line + length, sizeof line - 1 - length);
        if (got <= 0) return got < 0;
        length += got;
    }
    int64_t time = now();
    // The file and the index are the last two words of the command.
    char name[4096];
    long index;
    const char *words = strstr(line, "\"command\":[");
    if (!words || sscanf(words, "\"command\":[\"%*[^\"]\",\"%4095[^\"]\",\"%ld\"", name, &index) != 2) return 0;
    say(channel, "{\"type\":\"accepted\"}\n");
    int file = open(name, O_WRONLY | O_CLOEXEC);
    int written = file >= 0 && pwrite(file, &time, sizeof time, index * sizeof time) == sizeof time;
    say(channel, written ? "{\"type\":\"result\",\"status\":\"success\"}\n" : "{\"type\":\"result\",\"status\":\"failure\"}\n");
    return 0;
}
