/// Packets with descriptors, over SOCK_SEQPACKET.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/// The most descriptors in one packet; the link's own limit is lower.
enum { LINUX_PACKET_DESCRIPTORS = 32 };

struct linux_packet {
    /// The number of bytes received. 0 is the end of the connection.
    size_t count;
    /// The descriptors that came with it, close-on-exec, now owned by the receiver.
    int descriptors[LINUX_PACKET_DESCRIPTORS];
    size_t descriptor_count;
    /// The packet was larger than the buffer, and the rest of it is gone.
    bool bytes_cut;
    /// Some descriptors could not be received, most often because the process has too many open.
    bool descriptors_cut;
};

/// Receives one packet, without waiting if `wait` is false.
int linux_receive_packet(int socket, void *buffer, size_t capacity, bool wait, struct linux_packet *packet);

/// Sends one packet, whole or not at all, never with SIGPIPE.
int linux_send_packet(
    int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count, bool wait);
