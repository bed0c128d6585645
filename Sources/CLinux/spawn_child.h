/// Between the two halves of a spawn: the parent's, in spawn.c, and the child's, in spawn_child.c.
#pragma once

#include "clinux_spawn.h"

/// Lies on the parent's stack, which the child shares while the parent waits.
struct spawn_state {
    const struct spawn_request *request;
    /// Where the cgroup is entered by writing to its `cgroup.procs`; -1 otherwise.
    int cgroup_procs;
    pid_t parent;
    enum spawn_step step;
    int error;
};

/// Does not come back unless something failed; then `step` and `error` say what.
int spawn_child(void *state);
