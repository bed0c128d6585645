/// Trees whose workspaces retention has removed.
#pragma once

#include "git.h"

/// Has the repository forget its worktrees below `pool` that are no longer there, a few at a time.
///
/// This is not `git worktree prune`, which takes for removed whatever its user or its mount namespace cannot see: the trees of pools that
/// run as another user, and those that somebody has in /home or /tmp. False if it is not a repository; git has then printed the
/// reason.
bool forget_removed_trees(const struct repository *repository, const char *pool);
