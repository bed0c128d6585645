#define _GNU_SOURCE
#include "clinux_peer.h"

#include "clinux_process.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

int linux_peer_credentials(int socket, struct linux_peer *peer) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size)) return -errno;
    *peer = (struct linux_peer){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    return 0;
}

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int linux_peer_pidfd(int socket) {
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) return pidfd;
    // Of one that is gone, newer kernels say EINVAL or ESRCH; older ones do not know the option.
    if (errno != ENOPROTOOPT) return errno == EINVAL ? -ESRCH : -errno;
    struct ucred credentials;
    size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size)) return -errno;
    // 0 stands for a process that cannot be seen from here.
    if (credentials.pid <= 0) return -ESRCH;
    return linux_pidfd_open(credentials.pid);
}

bool linux_pidfd_has_ended(int pidfd) {
    struct pollfd poller = {.fd = pidfd, .events = POLLIN};
    return poll(&poller, 1, 0) != 0;
}

int linux_peer_groups(int socket, gid_t *groups, size_t capacity) {
    socklen_t size = (socklen_t)(capacity * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size)) return -errno;
    return (int)(size / sizeof(gid_t));
}
