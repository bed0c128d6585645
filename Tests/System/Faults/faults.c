// A library to preload, which makes one call that changes files fail, stop half way, or be the last one that its program makes.
//
//   FAULTS_PROGRAM  part of the command line of the program that is meant: the variables reach others too
//   FAULTS_BELOW    calls count when they are about a path with this prefix
//   FAULTS_AT       the number of the call that it is to happen to, from 1
//   FAULTS_ACTION   EIO, ENOSPC: it fails, and nothing has happened
//                   short: a write takes half of its bytes, which is no error
//                   before, after: the program is killed there
//                   tear: a write takes half of its bytes, and then the program is killed
//   FAULTS_DONE     a file that is made when it happens, and before which it does not happen: a program that is started
//                   again has only the one
//   FAULTS_TRACE    a file to which every call that counts is appended, as a line
//
// Everything here goes to the kernel directly: the functions of the C library are those that are replaced.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { NOTHING, FAIL, SHORT, BEFORE, AFTER, TEAR };

static bool is_active;
static const char *below;
static const char *done;
static enum action action;
static int failure;
static long at;
static int trace = -1;
static atomic_long calls;

static bool is_meant(const char *program) {
    char line[4096];
    int file = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, line, sizeof line - 1);
    syscall(SYS_close, file);
    if (count <= 0) return false;
    for (ssize_t i = 0; i < count; i++)
        if (!line[i]) line[i] = ' ';
    line[count] = 0;
    return strstr(line, program) != NULL;
}

__attribute__((constructor)) static void start(void) {
    const char *program = getenv("FAULTS_PROGRAM"), *what = getenv("FAULTS_ACTION"), *number = getenv("FAULTS_AT");
    below = getenv("FAULTS_BELOW");
    done = getenv("FAULTS_DONE");
    if (!program || !below || !done || !is_meant(program)) return;
    if (what && number) {
        at = atol(number);
        if (!strcmp(what, "EIO")) action = FAIL, failure = EIO;
        if (!strcmp(what, "ENOSPC")) action = FAIL, failure = ENOSPC;
        if (!strcmp(what, "short")) action = SHORT;
        if (!strcmp(what, "before")) action = BEFORE;
        if (!strcmp(what, "after")) action = AFTER;
        if (!strcmp(what, "tear")) action = TEAR;
    }
    const char *path = getenv("FAULTS_TRACE");
    if (path) trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    is_active = true;
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) syscall(SYS_pause);
}

/// Counts a call; what is to happen to it.
static enum action count(const char *kind, const char *path) {
    if (strncmp(path, below, strlen(below))) return NOTHING;
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (trace >= 0) {
        char line[4200];
        int length = snprintf(line, sizeof line, "%ld %s %s\n", number, kind, path);
        syscall(SYS_write, trace, line, length);
    }
    if (action == NOTHING || number != at) return NOTHING;
    int file = (int)syscall(SYS_openat, AT_FDCWD, done, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return NOTHING;
    char line[4200];
    int length = snprintf(line, sizeof line, "%s %s\n", kind, path);
    syscall(SYS_write, file, line, length);
    syscall(SYS_close, file);
    if (action == BEFORE) die();
    return action;
}

static enum action count_file(const char *kind, int file) {
    if (!is_active) return NOTHING;
    int saved = errno;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return NOTHING;
    path[length] = 0;
    return count(kind, path);
}

static enum action count_path(const char *kind, int directory, const char *name) {
    if (!is_active || !name) return NOTHING;
    if (*name == '/' || directory == AT_FDCWD) return count(kind, name);
    int saved = errno;
    char link[64], path[8192];
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, 4000);
    errno = saved;
    if (length <= 0) return NOTHING;
    snprintf(path + length, sizeof path - length, "/%.4000s", name);
    return count(kind, path);
}

/// A call that happens as a whole or not at all.
#define WHOLE(counted, call)                     \
    do {                                         \
        enum action todo = (counted);            \
        if (todo == FAIL) return errno = failure, -1; \
        long result = (call);                    \
        if (todo == AFTER || todo == TEAR) die(); \
        return (int)result;                      \
    } while (0)

static ssize_t some(enum action todo, size_t size, ssize_t (*call)(int, const void *, size_t, off_t), int file,
                    const void *bytes, off_t offset) {
    if (todo == FAIL) return errno = failure, -1;
    if ((todo == SHORT || todo == TEAR) && size > 1) size /= 2;
    ssize_t result = call(file, bytes, size, offset);
    if (todo == AFTER || todo == TEAR) die();
    return result;
}

static ssize_t plain(int file, const void *bytes, size_t size, off_t offset) {
    (void)offset;
    return syscall(SYS_write, file, bytes, size);
}
static ssize_t placed(int file, const void *bytes, size_t size, off_t offset) {
    return syscall(SYS_pwrite64, file, bytes, size, offset);
}

ssize_t write(int file, const void *bytes, size_t size) {
    return some(count_file("write", file), size, plain, file, bytes, 0);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) {
    return some(count_file("pwrite", file), size, placed, file, bytes, offset);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) { return pwrite64(file, bytes, size, offset); }

int fsync(int file) { WHOLE(count_file("fsync", file), syscall(SYS_fsync, file)); }
int fdatasync(int file) { WHOLE(count_file("fdatasync", file), syscall(SYS_fdatasync, file)); }
int ftruncate64(int file, off64_t size) { WHOLE(count_file("ftruncate", file), syscall(SYS_ftruncate, file, size)); }
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

int posix_fallocate64(int file, off64_t offset, off64_t size) {
    enum action todo = count_file("fallocate", file);
    if (todo == FAIL) return failure;
    int error = syscall(SYS_fallocate, file, 0, offset, size) ? errno : 0;
    if (todo == AFTER || todo == TEAR) die();
    return error;
}
int posix_fallocate(int file, off_t offset, off_t size) { return posix_fallocate64(file, offset, size); }

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    WHOLE(count_path("rename", to, new), syscall(SYS_renameat2, from, old, to, new, flags));
}
int renameat(int from, const char *old, int to, const char *new) { return renameat2(from, old, to, new, 0); }
int rename(const char *old, const char *new) { return renameat2(AT_FDCWD, old, AT_FDCWD, new, 0); }

int unlinkat(int directory, const char *name, int flags) {
    WHOLE(count_path("unlink", directory, name), syscall(SYS_unlinkat, directory, name, flags));
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

int mkdirat(int directory, const char *name, mode_t mode) {
    WHOLE(count_path("mkdir", directory, name), syscall(SYS_mkdirat, directory, name, mode));
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int symlinkat(const char *target, int directory, const char *name) {
    WHOLE(count_path("symlink", directory, name), syscall(SYS_symlinkat, target, directory, name));
}

static int open_at(int directory, const char *name, int flags, mode_t mode) {
    WHOLE(count_path("open", directory, name), syscall(SYS_openat, directory, name, flags, mode));
}

#define MODE(flags, mode)                                      \
    mode_t mode = 0;                                           \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                     \
        va_list rest;                                          \
        va_start(rest, flags);                                 \
        mode = va_arg(rest, mode_t);                           \
        va_end(rest);                                          \
    }

int open(const char *name, int flags, ...) {
    MODE(flags, mode)
    return open_at(AT_FDCWD, name, flags, mode);
}
int open64(const char *name, int flags, ...) {
    MODE(flags, mode)
    return open_at(AT_FDCWD, name, flags, mode);
}
int openat(int directory, const char *name, int flags, ...) {
    MODE(flags, mode)
    return open_at(directory, name, flags, mode);
}
int openat64(int directory, const char *name, int flags, ...) {
    MODE(flags, mode)
    return open_at(directory, name, flags, mode);
}
