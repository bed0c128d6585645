// This code runs in a process that shares the memory of its parent, on a small stack. It calls nothing that allocates, takes
// locks or keeps state in memory; where glibc would do more than the system call (setuid tells all threads of what it takes for
// its own process), the system call is made directly.
#define _GNU_SOURCE
#include "spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

// Its frames are never returned from when the program is executed: a sanitizer would take what it has noted of them for the
// parent's, in whose memory they are.
#pragma clang attribute push(__attribute__((no_sanitize("address", "thread"))), apply_to = function)

#include "clinux_signals.h"
#include "confine.h"
#include "execute.h"

static int fail(struct spawn_state *state, enum spawn_step step, int error) {
    state->step = step;
    state->error = error;
    return 127;
}

static bool write_integer(int descriptor, int value) {
    char text[16];
    char *at = text + sizeof text;
    unsigned magnitude = value < 0 ? 0u - (unsigned)value : (unsigned)value;
    do *--at = (char)('0' + magnitude % 10);
    while (magnitude /= 10);
    if (value < 0) *--at = '-';
    size_t count = (size_t)(text + sizeof text - at);
    return write(descriptor, at, count) == (ssize_t)count;
}

static bool set_oom_score(int score) {
    int descriptor = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    return descriptor >= 0 && write_integer(descriptor, score) && close(descriptor) == 0;
}

static bool close_from(int first) {
    if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
    if (errno != ENOSYS && errno != EINVAL && errno != EPERM) return false;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return false;
    for (rlim_t number = (rlim_t)first; number < limit.rlim_cur; number++) close((int)number);
    return true;
}

/// Puts the descriptors at their numbers. All are first copied to numbers above every target, so that no copy overwrites one
/// that is still wanted. Standard streams that nobody gave are /dev/null.
static bool place_descriptors(const struct spawn_request *request) {
    int highest = 2;
    for (size_t i = 0; i < request->descriptor_count; i++)
        if (request->descriptors[i].to > highest) highest = request->descriptors[i].to;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return false;
    null = fcntl(null, F_DUPFD_CLOEXEC, highest + 1);
    if (null < 0) return false;
    int copies[64];
    if (request->descriptor_count > sizeof copies / sizeof *copies) {
        errno = E2BIG;
        return false;
    }
    for (size_t i = 0; i < request->descriptor_count; i++) {
        copies[i] = fcntl(request->descriptors[i].from, F_DUPFD_CLOEXEC, highest + 1);
        if (copies[i] < 0) return false;
    }
    // From here on the numbers up to `highest` hold nothing that is needed.
    uint64_t given = 0;
    for (size_t i = 0; i < request->descriptor_count; i++) {
        int to = request->descriptors[i].to;
        if (to < 0 || to > 63) {
            errno = EBADF;
            return false;
        }
        given |= UINT64_C(1) << to;
        if (dup3(copies[i], to, 0) < 0) return false;
    }
    for (int number = 0; number <= highest; number++) {
        if (given & UINT64_C(1) << number) continue;
        if (number > 2)
            close(number);
        else if (dup3(null, number, 0) < 0)
            return false;
    }
    return close_from(highest + 1);
}

int spawn_child(void *argument) {
    struct spawn_state *state = argument;
    const struct spawn_request *request = state->request;

    if (state->cgroup_procs >= 0 && write(state->cgroup_procs, "0", 1) != 1) return fail(state, SPAWN_CGROUP, errno);
    if (!request->keep_session && setsid() < 0) return fail(state, SPAWN_SESSION, errno);
    if (request->set_oom_score && !set_oom_score(request->oom_score)) return fail(state, SPAWN_OOM_SCORE, errno);
    if (!place_descriptors(request)) return fail(state, SPAWN_DESCRIPTORS, errno);
    // Limits come after the descriptors, which a low RLIMIT_NOFILE would hinder, and before the loss of the right to raise them.
    for (size_t i = 0; i < request->limit_count; i++) {
        struct rlimit limit = {.rlim_cur = request->limits[i].soft, .rlim_max = request->limits[i].hard};
        if (syscall(SYS_prlimit64, 0, request->limits[i].resource, &limit, NULL)) return fail(state, SPAWN_LIMITS, errno);
    }
    if (request->set_nice && setpriority(PRIO_PROCESS, 0, request->nice)) return fail(state, SPAWN_PRIORITY, errno);
    if (request->switch_user) {
        if (syscall(SYS_setgroups, request->group_count, request->groups)) return fail(state, SPAWN_GROUPS, errno);
        if (syscall(SYS_setresgid, request->group, request->group, request->group)) return fail(state, SPAWN_GROUP, errno);
        if (syscall(SYS_setresuid, request->user, request->user, request->user)) return fail(state, SPAWN_USER, errno);
    }
    for (const char *const *path = request->workspace; path && *path; path++)
        if (mkdir(*path, 0700)) return fail(state, SPAWN_WORKSPACE, errno);
    umask(request->umask);
    if (request->directory && chdir(request->directory)) return fail(state, SPAWN_DIRECTORY, errno);
    // Without it, nobody may put up walls.
    bool is_confined = request->writable || request->no_network;
    if ((request->no_new_privileges || is_confined) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return fail(state, SPAWN_PRIVILEGES, errno);
    if (request->die_with_parent) {
        // A change of user clears it, hence so late; and the parent may have died before, hence the second look.
        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) return fail(state, SPAWN_DEATH_SIGNAL, errno);
        if (getppid() != state->parent) return fail(state, SPAWN_DEATH_SIGNAL, ESRCH);
    }
    if (request->writable && !confine_writes(request->writable)) return fail(state, SPAWN_CONFINE, errno);
    if (request->no_network && !confine_network()) return fail(state, SPAWN_CONFINE, errno);
    // Its actions are its own, unlike its memory.
    if (request->default_signals) linux_default_all_signals();
    uint64_t none = 0;
    if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none)) return fail(state, SPAWN_MASK, errno);
    return fail(state, SPAWN_EXECUTE, execute(request->candidates, request->arguments, request->environment));
}

#pragma clang attribute pop
