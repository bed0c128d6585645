// spawnloop COUNT WIDTH PROGRAM [ARGUMENT...] - runs a program COUNT times, WIDTH at once, and prints how many nanoseconds it
// took. Nothing is kept, nothing is written: the least that whoever runs commands has to do.
#include "floor.h"
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: spawnloop COUNT WIDTH PROGRAM [ARGUMENT...]\n"), 2;
    long count = number(argv[1]), width = number(argv[2]), running = 0;
    int64_t start = now();
    for (long started = 0; started < count || running > 0;) {
        if (started < count && running < width) {
            pid_t pid;
            if ((errno = posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ))) die(argv[3]);
            started++, running++;
        } else {
            int status;
            if (waitpid(-1, &status, 0) < 0) die("waitpid");
            if (status) return fprintf(stderr, "%s ended with status %d\n", argv[3], status), 1;
            running--;
        }
    }
    printf("%lld\n", (long long)(now() - start));
}
