#define _GNU_SOURCE
#include "removed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// Each is a git, and an attempt waits for them.
enum { MOST_AT_ONCE = 16 };

static bool is_removed(const char *tree, const char *pool) {
    size_t length = strlen(pool);
    struct stat status;
    return strncmp(tree, pool, length) == 0 && tree[length] == '/' && lstat(tree, &status) != 0 && errno == ENOENT;
}

/// A change by another attempt is not a fault, and locked worktrees stay, so the result is not reported.
static void forget(const struct repository *repository, const char *tree) {
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (kept >= 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0) {
        const char *arguments[] = {"worktree", "remove", "--force", tree, NULL};
        pid_t git = git_start(repository, arguments, -1);
        if (git > 0) git_end(git);
        dup2(kept, STDERR_FILENO);
    }
    if (null >= 0) close(null);
    if (kept >= 0) close(kept);
}

bool forget_removed_trees(const struct repository *repository, const char *pool) {
    static const char *const list[] = {"worktree", "list", "--porcelain", NULL};
    static const char key[] = "worktree ";
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    FILE *lines = fdopen(ends[0], "r");
    pid_t git = lines ? git_start(repository, list, ends[1]) : -1;
    close(ends[1]);
    char *line = NULL;
    size_t size = 0;
    int left = MOST_AT_ONCE;
    while (git > 0 && getline(&line, &size, lines) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (left == 0 || strncmp(line, key, sizeof key - 1) != 0 || !is_removed(line + sizeof key - 1, pool)) continue;
        forget(repository, line + sizeof key - 1);
        left--;
    }
    free(line);
    if (lines)
        fclose(lines);
    else
        close(ends[0]);
    return git > 0 && git_end(git);
}
