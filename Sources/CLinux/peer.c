#define _GNU_SOURCE
#include "clinux_peer.h"

#include <errno.h>
#include <sys/socket.h>

int linux_peer_credentials(int socket, struct linux_peer *peer) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size)) return -errno;
    *peer = (struct linux_peer){.pid = credentials.pid, .uid = credentials.uid, .gid = credentials.gid};
    return 0;
}

int linux_peer_groups(int socket, gid_t *groups, size_t capacity) {
    socklen_t size = (socklen_t)(capacity * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size)) return -errno;
    return (int)(size / sizeof(gid_t));
}
