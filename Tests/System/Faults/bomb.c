// Forks without end, in one of two ways, as one who is to be killed and does not want to be.
//
//   bomb spread LIMIT   all of them fork, all the time
//   bomb hop LIMIT      so many, each of which forks and ends at once: whoever is found is gone already
//
// They have a user of their own, whose processes the kernel limits, so that each that is killed makes room for another. Each is in
// a session of its own and takes no notice of signals. They all end by themselves after two minutes, so that a test that fails
// leaves nothing behind.
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static time_t end;

static void spread(void) {
    while (time(NULL) < end) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
        if (fork() == 0) setsid();
    }
}

static void hop(void) {
    while (time(NULL) < end) {
        pid_t child = fork();
        if (child > 0) _exit(0);
        if (child == 0) setsid();
    }
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    int limit = atoi(arguments[2]);
    uid_t user = 61000 + getpid() % 1000;
    struct rlimit processes = {.rlim_cur = limit + 1, .rlim_max = limit + 1};
    if (setgroups(0, NULL) || setgid(user) || setrlimit(RLIMIT_NPROC, &processes) || setuid(user)) return 3;
    end = time(NULL) + 120;
    for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    if (!strcmp(arguments[1], "spread")) spread();
    for (int i = 0; i < limit; i++)
        if (fork() == 0) hop();
    while (time(NULL) < end) sleep(1);
    return 0;
}
