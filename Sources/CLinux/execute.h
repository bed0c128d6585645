/// How the child of a spawn becomes its program; in a header of its own, because `orchd-worktree` does the same.
#pragma once

#include <errno.h>
#include <unistd.h>

/// Executes the first of the paths that is a program, as execvp(3) does, and returns an errno if none is. Allocates nothing.
/// ELIBACC where the program exists, but not the interpreter or loader that it names.
static inline int execute(const char *const *candidates, char *const *arguments, char *const *environment) {
    int error = ENOENT;
    for (const char *const *path = candidates; *path; path++) {
        execve(*path, arguments, environment);
        int now = errno;
        // The file is there, so what is missing is what it names: `#!/no/such` or its ELF interpreter.
        if (now == ENOENT && access(*path, F_OK) == 0) return ELIBACC;
        if (now == EACCES)
            error = EACCES;
        else if (now != ENOENT && now != ENOTDIR)
            return now;
        else if (error != EACCES)
            error = now;
    }
    return error;
}
