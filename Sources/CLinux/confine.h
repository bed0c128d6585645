/// Walls around a process that the kernel keeps up, for it and all that it starts: Landlock (landlock(7)) around what it may write to, and a
/// filter of system calls (seccomp(2)) before the network. In the child of a spawn: nothing here allocates.
#pragma once

#include <stdbool.h>

/// Lets the process make, change and remove files only in and below these paths, below /dev and in /proc; reading stays as it is. The list ends
/// with NULL; a path that is not there is passed over. False with an errno: EOPNOTSUPP and ENOSYS where the kernel has no Landlock.
bool confine_writes(const char *const *writable);

/// Lets the process make no sockets but local ones, and those that ask the kernel for news (AF_UNIX, AF_NETLINK). False with an errno.
bool confine_network(void);
