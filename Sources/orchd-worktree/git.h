/// Runs git for the worktree of an attempt.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/// A repository, as an absolute path without symbolic links, and the directory that it is in.
struct repository {
    char *path;
    char *parent;
};

/// Starts `git -C REPOSITORY ARGUMENTS…`, found in `PATH`, with nothing to read and without hooks. Its output goes to `output`, or to
/// standard error where that is -1. Returns its pid, or -1 and errno.
pid_t git_start(const struct repository *repository, const char *const *arguments, int output);

/// Waits for it; true if it has succeeded.
bool git_end(pid_t git);
