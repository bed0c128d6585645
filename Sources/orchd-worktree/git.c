#define _GNU_SOURCE
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/// What tells git of another repository, index or configuration (`GIT_DIR` and many more) is in the environment for the task.
static bool forget_git_variables(void) {
    for (char **at = environ; *at;) {
        if (strncmp(*at, "GIT_", 4) != 0) {
            at++;
            continue;
        }
        char *name = strndup(*at, strcspn(*at, "="));
        if (!name || unsetenv(name) != 0) return false;
        free(name);
    }
    return true;
}

/// In the child.
_Noreturn static void become_git(const struct repository *repository, const char *const *arguments, int output) {
    // What a task has written into its settings is not run, as far as git has a switch for it.
    const char *all[32] = {"git", "-C", repository->path, "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"};
    size_t count = 7;
    while (*arguments && count < sizeof all / sizeof *all - 1) all[count++] = *arguments++;
    // Standard input is the task's.
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output < 0 ? STDERR_FILENO : output, STDOUT_FILENO) < 0
        || !forget_git_variables()
        // The repository itself, and not one that it happens to lie in.
        || setenv("GIT_CEILING_DIRECTORIES", repository->parent, 1) != 0)
        dprintf(STDERR_FILENO, "orchd-worktree: cannot prepare git: %s\n", strerror(errno));
    else {
        closefrom(STDERR_FILENO + 1);
        execvp("git", (char *const *)all);
        dprintf(STDERR_FILENO, "orchd-worktree: cannot run git: %s\n", strerror(errno));
    }
    _exit(127);
}

pid_t git_start(const struct repository *repository, const char *const *arguments, int output) {
    pid_t child = fork();
    if (child == 0) become_git(repository, arguments, output);
    return child;
}

bool git_end(pid_t git) {
    int status = 0;
    while (waitpid(git, &status, 0) < 0)
        if (errno != EINTR) return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
