// cgrouploop DIRECTORY COUNT WIDTH PROGRAM [ARGUMENT...] - like spawnloop, but each run in a cgroup of its own in that directory, made
// before it and removed after it: the part of the kernel.
#include "floor.h"
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static struct run { pid_t pid; long number; } runs[64];

static char *name(long number) {
    static char text[32];
    return snprintf(text, sizeof text, "run-%ld", number), text;
}

static void start(struct run *run, int directory, long count, char **command) {
    run->number = count;
    if (mkdirat(directory, name(count), 0755)) die(name(count));
    int cgroup = openat(directory, name(count), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct clone_args arguments = {
        .flags = CLONE_VFORK | CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (unsigned)cgroup};
    run->pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (run->pid == 0) execve(command[0], command, environ), _exit(127);
    if (run->pid < 0) die("clone3");
    close(cgroup);
}

int main(int argc, char **argv) {
    if (argc < 5) return fprintf(stderr, "usage: cgrouploop DIRECTORY COUNT WIDTH PROGRAM [ARGUMENT...]\n"), 2;
    int directory = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) die(argv[1]);
    long count = number(argv[2]), width = number(argv[3]), running = 0;
    if (width > 64) width = 64;
    int64_t began = now();
    for (long started = 0; started < count || running > 0;) {
        if (started < count && running < width) {
            for (long i = 0; i < width; i++)
                if (!runs[i].pid) { start(&runs[i], directory, started, argv + 4); break; }
            started++, running++;
            continue;
        }
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0) die("waitpid");
        for (long i = 0; i < width; i++)
            if (runs[i].pid == pid) {
                runs[i].pid = 0;
                if (unlinkat(directory, name(runs[i].number), AT_REMOVEDIR)) die("rmdir");
            }
        if (status) return fprintf(stderr, "%s ended with status %d\n", argv[4], status), 1;
        running--;
    }
    printf("%lld\n", (long long)(now() - began));
}
