/// Who is at the other end of a Unix socket.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct linux_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/// SO_PEERCRED: who connected, as the kernel saw it then.
int linux_peer_credentials(int socket, struct linux_peer *peer);

/// A pidfd of the process that connected: SO_PEERPIDFD (Linux 6.5), or else what the number in SO_PEERCRED means now. -ESRCH if it is gone.
int linux_peer_pidfd(int socket);

/// Whether the process of a pidfd has ended, be it reaped or not.
bool linux_pidfd_has_ended(int pidfd);

/// SO_PEERGROUPS: the supplementary groups of the peer. Returns how many there are, or -ERANGE if they are more than `capacity`.
int linux_peer_groups(int socket, gid_t *groups, size_t capacity);
