/// Processes by pidfd.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/// The environment of this process, which Swift only knows as text.
static inline char *const *linux_environment(void) {
    extern char **environ;
    return environ;
}

struct linux_exit {
    pid_t pid;
    /// Ended by a signal; `code` is the signal then, and the exit status otherwise.
    bool signalled;
    bool dumped_core;
    int code;
    /// Microseconds, with those of the children it had waited for.
    int64_t cpu_user;
    int64_t cpu_system;
    /// Bytes: the largest resident set of it or of one child it had waited for.
    int64_t peak_memory;
};

/// Takes the exit status of a child; 1 if it had one, 0 if it still runs (only without `wait`).
int linux_wait_pidfd(int pidfd, bool wait, struct linux_exit *ended);
int linux_wait_pid(pid_t pid, bool wait, struct linux_exit *ended);

int linux_pidfd_open(pid_t pid);
int linux_pidfd_signal(int pidfd, int signal);

/// Makes this process the parent of its orphaned descendants.
int linux_become_subreaper(void);

/// The hard limit of another process, which must be of the same user unless we may change all limits.
int linux_hard_limit_of(pid_t pid, uint32_t resource, uint64_t *hard);

/// A resource limit of this process; UINT64_MAX is "unlimited".
int linux_get_limit(uint32_t resource, uint64_t *soft, uint64_t *hard);
int linux_set_limit(uint32_t resource, uint64_t soft, uint64_t hard);
