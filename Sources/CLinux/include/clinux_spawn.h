/// Starting a process: everything between the clone and the exec, which must be neither Swift nor allocate memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Where a spawn failed. `EndReport.Step` has the same values.
enum spawn_step {
    SPAWN_NONE,
    SPAWN_CLONE,
    SPAWN_CGROUP,
    SPAWN_SESSION,
    SPAWN_MASK,
    SPAWN_LIMITS,
    SPAWN_PRIORITY,
    SPAWN_OOM_SCORE,
    SPAWN_PRIVILEGES,
    SPAWN_GROUPS,
    SPAWN_GROUP,
    SPAWN_USER,
    SPAWN_WORKSPACE,
    SPAWN_DIRECTORY,
    SPAWN_DESCRIPTORS,
    SPAWN_DEATH_SIGNAL,
    SPAWN_EXECUTE,
    SPAWN_RESOURCES,
    SPAWN_CONFINE,
};

struct spawn_limit {
    uint32_t resource;
    uint64_t soft;
    uint64_t hard;
};

/// A descriptor of the parent and the number it gets in the child. No number may occur twice.
struct spawn_descriptor {
    int from;
    int to;
};

struct spawn_request {
    /// Paths to execute, tried in order as execvp(3) does; ends with NULL. Relative ones count from the working directory.
    const char *const *candidates;
    char *const *arguments;
    char *const *environment;
    /// Directories to make with mode 0700, after the change of user, in this order; ends with NULL. NULL for
    /// none.
    const char *const *workspace;
    /// The working directory; NULL to keep the parent's.
    const char *directory;
    const struct spawn_descriptor *descriptors;
    size_t descriptor_count;
    const struct spawn_limit *limits;
    size_t limit_count;
    /// Whether to become `user`, `group` and `groups`.
    bool switch_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    mode_t umask;
    /// Whether to set the nice value.
    bool set_nice;
    int nice;
    /// Whether to write /proc/self/oom_score_adj.
    bool set_oom_score;
    int oom_score;
    bool no_new_privileges;
    /// Paths in and below which alone it may write, see confine.h; ends with NULL. NULL for wherever its user may.
    const char *const *writable;
    /// Whether it may make no sockets but local ones.
    bool no_network;
    /// Send the child SIGKILL when the calling thread ends.
    bool die_with_parent;
    /// A directory of cgroup v2 to start it in, or -1. Must never have been written `cgroup.kill`: some kernels then kill all
    /// that is cloned into it.
    int cgroup;
    /// Stay in the session of the caller, with its terminal.
    bool keep_session;
    /// Give the child the default action of every signal, also of those that are ignored here.
    bool default_signals;
    /// For tests: behave as where clone3 is not to be had.
    bool avoid_clone3;
};

struct spawn_result {
    pid_t pid;
    /// Close-on-exec, owned by the caller.
    int pidfd;
    enum spawn_step step;
    /// The errno of `step`. ELIBACC where the program exists, but not the interpreter or loader that it names.
    int error;
};

/// Starts a process, in a session of its own unless `keep_session` is set, with an empty signal mask; true if its program runs. Without `default_signals` the
/// child ignores what the caller ignores. Safe with several threads, but `die_with_parent` means the thread.
bool spawn_process(const struct spawn_request *request, struct spawn_result *result);
