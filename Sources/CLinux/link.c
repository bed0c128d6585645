#define _GNU_SOURCE
#include "clinux_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/// CMSG_SPACE wants an aligned buffer.
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * LINUX_PACKET_DESCRIPTORS)];
};

int linux_receive_packet(int socket, void *buffer, size_t capacity, bool wait, struct linux_packet *packet) {
    union control control;
    struct iovec vector = {.iov_base = buffer, .iov_len = capacity};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t count;
    do {
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    packet->count = (size_t)count;
    packet->descriptor_count = 0;
    packet->bytes_cut = (message.msg_flags & MSG_TRUNC) != 0;
    packet->descriptors_cut = (message.msg_flags & MSG_CTRUNC) != 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        // The buffer bounds how many the kernel can have put there, over all headers.
        size_t descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < descriptors && packet->descriptor_count < LINUX_PACKET_DESCRIPTORS; i++)
            memcpy(&packet->descriptors[packet->descriptor_count++], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
    }
    return 0;
}

int linux_send_packet(
    int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count, bool wait) {
    if (descriptor_count > LINUX_PACKET_DESCRIPTORS) return -EINVAL;
    union control control;
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (descriptor_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}
