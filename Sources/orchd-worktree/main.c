// orchd-worktree FD REPOSITORY BRANCH TREE [CANDIDATE]... -- ARGV0 [ARGUMENT]...
//
// Makes a git worktree for an attempt, on a new branch from the HEAD of the repository, and becomes the attempt's program in it. The
// branch is the one that ORCH_BRANCH names, which only the engine can set; BRANCH is for an engine that does not.
//
// The supervisor puts it before the program of an order. So git runs as the pool's user, in the session and the cgroup of the attempt, and
// under its limits, it is ended as any process of it is, and the pid stays. What git says goes to standard error.
//
// FD is a pipe that closes when the program runs. Otherwise two 32-bit integers in it say what failed: a step of `enum spawn_step`,
// and an errno. 0 instead of an errno: the last line on standard error says why.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../CLinux/execute.h"
#include "clinux_spawn.h"
#include "clinux_startup.h"
#include "git.h"
#include "removed.h"

extern char **environ;

/// Where failures are told.
static int reports = -1;

_Noreturn static void fail(enum spawn_step step, int error) {
    int32_t report[] = {(int32_t)step, error};
    _exit(write(reports, report, sizeof report) == sizeof report ? 126 : 127);
}

static struct repository open_repository(const char *given) {
    struct repository repository = {.path = realpath(given, NULL)};
    if (!repository.path) {
        dprintf(STDERR_FILENO, "orchd-worktree: the repository %s: %s\n", given, strerror(errno));
        fail(SPAWN_WORKSPACE, 0);
    }
    char *copy = strdup(repository.path);
    if (!copy) fail(SPAWN_RESOURCES, ENOMEM);
    repository.parent = dirname(copy);
    return repository;
}

/// One at a time in a repository: a git that meets the half of a worktree that another one is making gives up on it.
static int lock(const struct repository *repository) {
    int directory = open(repository->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || flock(directory, LOCK_EX) != 0) {
        dprintf(STDERR_FILENO, "orchd-worktree: the repository %s: %s\n", repository->path, strerror(errno));
        fail(SPAWN_WORKSPACE, 0);
    }
    return directory;
}

/// The directory of the pool, in which the workspace is that the tree will be in.
static char *pool_of(const char *tree) {
    char *copy = strdup(tree);
    char *pool = copy ? realpath(dirname(dirname(copy)), NULL) : NULL;
    if (!pool) fail(SPAWN_WORKSPACE, errno);
    return pool;
}

static void add_tree(const struct repository *repository, const char *branch, const char *tree) {
    // Quietly: otherwise the subject of a commit would be on the standard error of the task, where failures of agents are looked for.
    const char *arguments[] = {"worktree", "add", "--quiet", "-b", branch, tree, NULL};
    pid_t git = git_start(repository, arguments, -1);
    if (git < 0) fail(SPAWN_RESOURCES, errno);
    if (!git_end(git)) fail(SPAWN_WORKSPACE, 0);
}

int main(int count, char **arguments) {
    linux_open_standard_descriptors();
    int separator = 5;
    while (separator < count && strcmp(arguments[separator], "--") != 0) separator++;
    if (separator >= count - 1) {
        dprintf(STDERR_FILENO, "orchd-worktree: orchd-supervisor runs it; there is no need to run it by hand\n");
        return 2;
    }
    arguments[separator] = NULL;
    reports = atoi(arguments[1]);
    if (fcntl(reports, F_SETFD, FD_CLOEXEC) != 0) return 2;
    const char *named = getenv("ORCH_BRANCH"), *tree = arguments[4];
    const char *branch = named && *named ? named : arguments[3];
    const struct repository repository = open_repository(arguments[2]);
    int locked = lock(&repository);
    if (!forget_removed_trees(&repository, pool_of(tree))) fail(SPAWN_WORKSPACE, 0);
    add_tree(&repository, branch, tree);
    close(locked);
    if (chdir(tree) != 0) fail(SPAWN_DIRECTORY, errno);
    fail(SPAWN_EXECUTE, execute((const char *const *)arguments + 5, arguments + separator + 1, environ));
}
