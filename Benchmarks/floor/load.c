// load SOCKET submit COUNT BATCH CLIENTS TASK [wait]   submit COUNT times TASK, BATCH in a request, from CLIENTS connections that
//                                          each wait for an answer before the next request; and wait until all have ended.
//                                          Prints the nanoseconds until all were accepted, until all had ended, and of
//                                          each answer.
// load SOCKET latency COUNT GAP FILE STAMP one task at a time, GAP milliseconds apart, which runs STAMP. Prints for each the
//                                          nanoseconds from sending it: until it was accepted, had started, was known to have ended.
// load SOCKET call COUNT METHOD PARAMETERS the same request COUNT times; prints the nanoseconds of each answer.
// load SOCKET follow TASK CLIENTS          follow the output of a task on CLIENTS connections to its end; prints the nanoseconds
//                                          and how many bytes came in all.
//
// In C, because a client that takes the processor from what it measures measures itself.
#include "client.h"
#include "floor.h"
#include "json.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static long ended(struct client *client) {
    const char *answer = client_call(client, "daemon.status", "{}");
    return json_number(answer, "result.counts.succeeded", 0) + json_number(answer, "result.counts.failed", 0);
}

// Looks rarely at first and more often towards the end, so that looking costs the daemon little and the end is seen at once.
static void wait_for(struct client *client, long goal, int64_t start) {
    long first = ended(client), done = first;
    int64_t began = now();
    while (done < goal) {
        int64_t each = done > first ? (now() - began) / (done - first) : (now() - start) / 1000;
        int64_t nap = each * (goal - done) / 4;
        usleep(nap > 50000000 ? 50000 : nap < 500000 ? 500 : nap / 1000);
        done = ended(client);
    }
}

static char *submission(const char *task, long batch, size_t *length) {
    size_t size = strlen(task) + 1;
    char *line = malloc(size * batch + 128), *end = line;
    if (!line) die("malloc");
    end = stpcpy(end, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"task.submit\",\"params\":");
    if (batch > 1) *end++ = '[';
    for (long i = 0; i < batch; i++) {
        end = stpcpy(end, task);
        if (i + 1 < batch) *end++ = ',';
    }
    if (batch > 1) *end++ = ']';
    end = stpcpy(end, "}\n");
    *length = end - line;
    return line;
}

static void submit(const char *path, long count, long batch, int clients, const char *task, int wait) {
    size_t length;
    char *line = submission(task, batch, &length);
    long requests = (count + batch - 1) / batch, sent = 0, answered = 0;
    struct client *all = calloc(clients, sizeof *all), watcher;
    struct pollfd *polls = calloc(clients, sizeof *polls);
    int64_t *times = calloc(requests, sizeof *times), *began = calloc(clients, sizeof *began);
    if (!all || !polls || !times || !began) die("calloc");
    client_connect(&watcher, path);
    for (int i = 0; i < clients; i++) {
        client_connect(&all[i], path);
        polls[i] = (struct pollfd){.fd = all[i].socket, .events = POLLIN};
    }
    long base = ended(&watcher);
    int64_t start = now();
    for (int i = 0; i < clients && sent < requests; i++, sent++) {
        began[i] = now();
        client_send(&all[i], line, length);
    }
    while (answered < requests) {
        if (poll(polls, clients, -1) < 0) die("poll");
        for (int i = 0; i < clients; i++) {
            if (!polls[i].revents) continue;
            client_receive(&all[i]);
            times[answered++] = now() - began[i];
            if (sent >= requests) continue;
            sent++;
            began[i] = now();
            client_send(&all[i], line, length);
        }
    }
    int64_t accepted = now() - start;
    if (wait) wait_for(&watcher, base + requests * batch, start);
    printf("%lld %lld\n", (long long)accepted, (long long)(now() - start));
    for (long i = 0; i < requests; i++) printf("%lld\n", (long long)times[i]);
}

static void latency(const char *path, long count, long gap, const char *name, const char *stamp) {
    struct client client;
    client_connect(&client, path);
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) die(name);
    for (long i = 0; i < count; i++) {
        char task[8192], selection[64];
        usleep(gap * 1000);
        snprintf(task, sizeof task, "{\"command\":[\"%s\",\"%s\",\"%ld\"]}", stamp, name, i);
        int64_t start = now(), began;
        long id = json_number(client_call(&client, "task.submit", task), "result.id", -1);
        int64_t accepted = now();
        snprintf(selection, sizeof selection, "{\"ids\":[%ld]}", id);
        client_call(&client, "task.wait", selection);
        int64_t known = now();
        if (pread(file, &began, sizeof began, i * sizeof began) != sizeof began) die("a task that did not run");
        printf("%lld %lld %lld\n", (long long)(accepted - start), (long long)(began - start), (long long)(known - start));
    }
}

static void call(const char *path, long count, const char *method, const char *parameters) {
    struct client client;
    client_connect(&client, path);
    for (long i = 0; i < count; i++) {
        int64_t start = now();
        client_call(&client, method, parameters);
        printf("%lld\n", (long long)(now() - start));
    }
}

static void follow(const char *path, long task, int clients) {
    struct client *all = calloc(clients, sizeof *all);
    struct pollfd *polls = calloc(clients, sizeof *polls);
    char request[128], block[65536];
    long long bytes = 0;
    int open = clients;
    if (!all || !polls) die("calloc");
    int length = snprintf(
        request, sizeof request,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"task.logs\",\"params\":{\"id\":%ld,\"follow\":true}}\n", task);
    int64_t start = now();
    for (int i = 0; i < clients; i++) {
        client_connect(&all[i], path);
        client_send(&all[i], request, length);
        // The daemon answers everything and closes, so that the end of the stream is the end of the output.
        shutdown(all[i].socket, SHUT_WR);
        polls[i] = (struct pollfd){.fd = all[i].socket, .events = POLLIN};
    }
    while (open > 0) {
        if (poll(polls, clients, -1) < 0) die("poll");
        for (int i = 0; i < clients; i++) {
            if (!polls[i].revents) continue;
            ssize_t got = read(polls[i].fd, block, sizeof block);
            if (got < 0) die("read");
            bytes += got;
            if (got == 0) polls[i].fd = -1, open--;
        }
    }
    printf("%lld %lld\n", (long long)(now() - start), bytes);
}

int main(int argc, char **argv) {
    const char *verb = argc > 2 ? argv[2] : "";
    if (!strcmp(verb, "submit") && (argc == 7 || (argc == 8 && !strcmp(argv[7], "wait"))))
        submit(argv[1], number(argv[3]), number(argv[4]), number(argv[5]), argv[6], argc == 8);
    else if (!strcmp(verb, "latency") && argc == 7)
        latency(argv[1], number(argv[3]), number(argv[4]), argv[5], argv[6]);
    else if (!strcmp(verb, "call") && argc == 6)
        call(argv[1], number(argv[3]), argv[4], argv[5]);
    else if (!strcmp(verb, "follow") && argc == 5)
        follow(argv[1], number(argv[3]), number(argv[4]));
    else
        return fprintf(stderr, "usage: load SOCKET submit|latency|call|follow ...\n"), 2;
}
