#define _GNU_SOURCE
#include "clinux_startup.h"

#include <errno.h>
#include <fcntl.h>
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

bool linux_ignores(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}
