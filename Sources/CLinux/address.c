#define _GNU_SOURCE
#include "clinux_address.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/// Fills in the address of a path. One too long for it goes through a descriptor of its directory, which is stored in
/// `directory` and must stay open until the address has been used.
static int fill_address(const char *path, struct sockaddr_un *address, socklen_t *length, int *directory) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    *length = sizeof *address;
    *directory = -1;
    size_t count = strlen(path);
    if (count < sizeof address->sun_path) {
        memcpy(address->sun_path, path, count);
        if (path[0] == '@') {
            address->sun_path[0] = 0;
            *length = offsetof(struct sockaddr_un, sun_path) + count;
        }
        return 0;
    }
    const char *slash = strrchr(path, '/');
    char parent[4096];
    if (!slash || slash == path || (size_t)(slash - path) >= sizeof parent) return -ENAMETOOLONG;
    memcpy(parent, path, slash - path);
    parent[slash - path] = 0;
    *directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*directory < 0) return -errno;
    int written = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *directory, slash + 1);
    if (written < 0 || (size_t)written >= sizeof address->sun_path) {
        close(*directory);
        return -ENAMETOOLONG;
    }
    return 0;
}

int linux_unix_bind(const char *path, int type, mode_t mode) {
    struct sockaddr_un address;
    socklen_t length;
    int directory;
    int error = fill_address(path, &address, &length, &directory);
    if (error) return error;
    struct stat status;
    if (path[0] != '@' && lstat(address.sun_path, &status) == 0 && S_ISSOCK(status.st_mode)) unlink(address.sun_path);
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    // The file gets the mode of the socket at bind: there is no moment at which others could connect.
    if (descriptor < 0 || fchmod(descriptor, mode) || bind(descriptor, (struct sockaddr *)&address, length)
        || (path[0] != '@' && chmod(address.sun_path, mode))) {
        error = -errno;
        if (descriptor >= 0) close(descriptor);
        descriptor = error;
    }
    if (directory >= 0) close(directory);
    return descriptor;
}

int linux_unix_listen(const char *path, int type, mode_t mode, int backlog) {
    int descriptor = linux_unix_bind(path, type, mode);
    if (descriptor < 0 || listen(descriptor, backlog) == 0) return descriptor;
    int error = -errno;
    close(descriptor);
    return error;
}

int linux_unix_connect(const char *path, int type) { return linux_unix_connect_within(path, type, 0); }

int linux_unix_connect_within(const char *path, int type, int seconds) {
    struct sockaddr_un address;
    socklen_t length;
    int directory;
    int error = fill_address(path, &address, &length, &directory);
    if (error) return error;
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    // 0 is forever.
    struct timeval limit = {.tv_sec = seconds};
    if (descriptor >= 0) setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    while (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, length)) {
        if (descriptor >= 0 && errno == EINTR) continue;
        error = -errno;
        if (descriptor >= 0) close(descriptor);
        descriptor = error;
        break;
    }
    if (directory >= 0) close(directory);
    return descriptor;
}

int linux_unix_path(int socket, char *path, size_t capacity) {
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &length)) return -errno;
    size_t count = length > offsetof(struct sockaddr_un, sun_path) ? length - offsetof(struct sockaddr_un, sun_path) : 0;
    count = strnlen(address.sun_path, count);
    if (count >= capacity) return -ENAMETOOLONG;
    memcpy(path, address.sun_path, count);
    path[count] = 0;
    return (int)count;
}

int linux_accept(int listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_unix_send_datagram(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un address;
    socklen_t length;
    int directory;
    int error = fill_address(path, &address, &length, &directory);
    if (error) return error;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        error = -errno;
    } else {
        if (sendto(descriptor, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0) error = -errno;
        close(descriptor);
    }
    if (directory >= 0) close(directory);
    return error;
}

int linux_tell_senders(int socket) {
    int on = 1;
    return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) ? -errno : 0;
}

ssize_t linux_receive_datagram(int socket, void *buffer, size_t capacity, pid_t *sender) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec vector = {.iov_base = buffer, .iov_len = capacity};
    // Descriptors that somebody sends along do not fit, and the kernel closes them.
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *sender = 0;
    ssize_t count;
    do {
        count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
        struct ucred credentials;
        memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
        *sender = credentials.pid;
    }
    return count;
}
