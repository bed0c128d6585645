#define _GNU_SOURCE
#include "clinux_startup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

void linux_open_standard_descriptors(void) {
    for (int number = 0; number <= STDERR_FILENO; number++) {
        if (fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
        // All below it are open, so it gets this number. Where there is no /dev, a directory can be neither read nor written.
        if (open("/dev/null", O_RDONLY) < 0) open("/", O_RDONLY | O_DIRECTORY);
    }
}

void linux_secure_start(void) {
    linux_open_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN);
}

static char *none[] = {NULL};
static char **arguments = none;

// The loader of glibc calls it with what main gets.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    if (count > 0 && values) arguments = values;
}

char *const *linux_arguments(void) { return arguments; }

static void *wait_for_release(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int linux_startable_threads(int count) {
    enum { most = 64 };
    pthread_t threads[most];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    if (count > most) count = most;
    int started = 0;
    pthread_mutex_lock(&gate);
    while (started < count && pthread_create(&threads[started], NULL, wait_for_release, &gate) == 0) started++;
    pthread_mutex_unlock(&gate);
    for (int number = 0; number < started; number++) pthread_join(threads[number], NULL);
    return started;
}

void linux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

bool linux_ignores(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}
