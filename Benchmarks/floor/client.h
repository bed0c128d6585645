// One connection to orchd: lines of JSON there and back, blocking.
#pragma once
#include <stddef.h>

struct client {
    int socket;
    char *buffer;
    size_t used, size, line;
};

void client_connect(struct client *client, const char *path);
void client_send(struct client *client, const char *text, size_t length);

/// The next line, which stays until the next call. Ends the program where the connection ends or a request has failed.
const char *client_receive(struct client *client);

/// Sends a request and returns its answer, past notifications.
const char *client_call(struct client *client, const char *method, const char *parameters);
