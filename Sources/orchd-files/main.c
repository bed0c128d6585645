// orchd-files FD ARCHIVE DIRECTORY [CANDIDATE]... -- ARGV0 [ARGUMENT]...
//
// Puts the files that came with a task into a directory, and becomes the attempt's program.
//
// The supervisor puts it before the program of an order, as it does with orchd-worktree: so the files are made by the user of the attempt,
// in its session, its cgroup and its sandbox, they count as that user's, and nobody waits for the disk.
//
// ARCHIVE is a descriptor. For each file, it has a line with the size and the name, and then the bytes. FD is a pipe that closes when the
// program runs. Otherwise two 32-bit integers in it say what failed: a step of `enum spawn_step`, and an errno.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../CLinux/execute.h"
#include "clinux_spawn.h"
#include "clinux_startup.h"

extern char **environ;

/// Where failures are told.
static int reports = -1;

_Noreturn static void fail(enum spawn_step step, int error) {
    int32_t report[] = {(int32_t)step, error};
    _exit(write(reports, report, sizeof report) == sizeof report ? 126 : 127);
}

/// Opens a directory in another, and makes it where it is missing. What a link stands for is never entered.
static int enter(int parent, const char *name) {
    if (mkdirat(parent, name, 0777) != 0 && errno != EEXIST) fail(SPAWN_WORKSPACE, errno);
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) fail(SPAWN_WORKSPACE, errno);
    return directory;
}

/// Makes a file that is not there, `a/b/c` with its directories. The engine has checked the name; a mistake of it must not matter.
static int make(int root, char *name) {
    int directory = dup(root);
    if (directory < 0) fail(SPAWN_RESOURCES, errno);
    char *rest = name, *part;
    while ((part = strsep(&rest, "/"))) {
        if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) fail(SPAWN_WORKSPACE, EINVAL);
        if (!rest) break;
        int next = enter(directory, part);
        close(directory);
        directory = next;
    }
    int file = openat(directory, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0) fail(SPAWN_WORKSPACE, errno);
    close(directory);
    return file;
}

static void copy(FILE *archive, int file, long long size) {
    static char buffer[1 << 16];
    while (size > 0) {
        size_t wanted = size < (long long)sizeof buffer ? (size_t)size : sizeof buffer;
        size_t count = fread(buffer, 1, wanted, archive);
        if (count == 0) fail(SPAWN_WORKSPACE, ferror(archive) ? errno : ENODATA);
        size -= (long long)count;
        for (size_t done = 0; done < count;) {
            ssize_t written = write(file, buffer + done, count - done);
            if (written < 0) fail(SPAWN_WORKSPACE, errno);
            done += (size_t)written;
        }
    }
}

static void unpack(FILE *archive, int root) {
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, archive)) > 0;) {
        char *name;
        long long size = strtoll(line, &name, 10);
        if (line[length - 1] != '\n' || *name != ' ' || size < 0) fail(SPAWN_WORKSPACE, EBADMSG);
        line[length - 1] = 0;
        int file = make(root, name + 1);
        copy(archive, file, size);
        // Some file systems say only here that there was no room.
        if (close(file) != 0) fail(SPAWN_WORKSPACE, errno);
    }
    if (ferror(archive)) fail(SPAWN_WORKSPACE, errno);
    free(line);
}

int main(int count, char **arguments) {
    linux_open_standard_descriptors();
    int separator = 4;
    while (separator < count && strcmp(arguments[separator], "--") != 0) separator++;
    if (separator >= count - 1) {
        dprintf(STDERR_FILENO, "orchd-files: orchd-supervisor runs it; there is no need to run it by hand\n");
        return 2;
    }
    arguments[separator] = NULL;
    reports = atoi(arguments[1]);
    if (fcntl(reports, F_SETFD, FD_CLOEXEC) != 0) return 2;
    FILE *archive = fdopen(atoi(arguments[2]), "r");
    if (!archive) fail(SPAWN_WORKSPACE, errno);
    int root = enter(AT_FDCWD, arguments[3]);
    unpack(archive, root);
    close(root);
    fclose(archive);
    fail(SPAWN_EXECUTE, execute((const char *const *)arguments + 4, arguments + separator + 1, environ));
}
