// spawns STAMP FILE COUNT - starts STAMP COUNT times, one after the other, and prints how many nanoseconds after the call of
// posix_spawn each began to run.
#include "floor.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: spawns STAMP FILE COUNT\n"), 2;
    int file = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) die(argv[2]);
    char *arguments[] = {argv[1], argv[2], "0", NULL};
    for (long i = number(argv[3]); i > 0; i--) {
        int64_t start = now(), began;
        pid_t pid;
        int status;
        if ((errno = posix_spawn(&pid, argv[1], NULL, NULL, arguments, environ))) die(argv[1]);
        if (waitpid(pid, &status, 0) < 0 || status) die("stamp");
        if (pread(file, &began, sizeof began, 0) != sizeof began) die("pread");
        printf("%lld\n", (long long)(began - start));
    }
}
