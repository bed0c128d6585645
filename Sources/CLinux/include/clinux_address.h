/// Unix sockets by path, of any length.
#pragma once

#include <sys/types.h>

/// Makes a socket at `path` with the given permissions; `@name` means an abstract one. Whatever socket was at the path is replaced: the
/// caller must know that nobody serves it any more. The socket is close-on-exec and does not block.
int linux_unix_bind(const char *path, int type, mode_t mode);

/// The same, listening; `type` is SOCK_STREAM or SOCK_SEQPACKET.
int linux_unix_listen(const char *path, int type, mode_t mode, int backlog);

/// Connects to the socket at `path`. The descriptor is close-on-exec and blocks.
int linux_unix_connect(const char *path, int type);

/// The same. It waits at most `seconds` for a place in the backlog, and at most `seconds` to send.
int linux_unix_connect_within(const char *path, int type, int seconds);

/// The path that a socket is bound to, ended by a NUL; its length, which is 0 for a socket without one.
int linux_unix_path(int socket, char *path, size_t capacity);

/// Takes a connection; it is close-on-exec and does not block.
int linux_accept(int listener);

/// Sends one datagram to a Unix socket; `@name` means an abstract one. For the protocol of sd_notify(3).
int linux_unix_send_datagram(const char *path, const void *bytes, size_t count);

/// Has each datagram of a Unix socket say who sent it: SO_PASSCRED of unix(7).
int linux_tell_senders(int socket);

/// Takes a datagram of such a socket, and the process that sent it; 0 where the kernel does not say.
ssize_t linux_receive_datagram(int socket, void *buffer, size_t capacity, pid_t *sender);
