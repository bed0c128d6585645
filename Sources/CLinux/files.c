#define _GNU_SOURCE
#include "clinux_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

bool linux_holds_only(int directory, const char *only) {
    _Alignas(struct entry) char buffer[512];
    long count;
    while ((count = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < count;) {
            const struct entry *entry = (const struct entry *)(buffer + at);
            at += entry->length;
            if (!strcmp(entry->name, ".") || !strcmp(entry->name, "..")) continue;
            if (!only || strcmp(entry->name, only)) return false;
        }
    }
    return count == 0;
}

bool linux_is_pristine_directory(int directory, uid_t owner, long size, const char *only) {
    struct stat status;
    if (fstat(directory, &status) || status.st_uid != owner || status.st_size > size) return false;
    if (status.st_mode != (S_IFDIR | 0700) || flistxattr(directory, NULL, 0) > 0) return false;
    return linux_holds_only(directory, only);
}

int linux_pipe(int ends[2], bool waits) { return pipe2(ends, O_CLOEXEC | (waits ? 0 : O_NONBLOCK)); }

int linux_rename_new(int directory, const char *from, const char *to) {
    return renameat2(directory, from, directory, to, RENAME_NOREPLACE) ? -errno : 0;
}

int linux_become_file_user(uid_t user) {
    if (geteuid() != 0 || user == 0) return -1;
    // With another file system user, the kernel takes a process for one that others must not look into, and keeps it at that.
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    setfsuid(user);
    return dumpable;
}

void linux_be_oneself(int token) {
    if (token < 0) return;
    setfsuid(0);
    if (token == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
