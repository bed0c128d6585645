// stamp FILE INDEX - records when it started: the monotonic clock in nanoseconds, as the INDEXth 64 bits of FILE.
// Linked statically, so that what is measured is the start and not the dynamic linker.
#include "floor.h"
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int64_t time = now();
    if (argc != 3) return 2;
    int file = open(argv[1], O_WRONLY | O_CLOEXEC);
    if (file < 0) return 1;
    return pwrite(file, &time, sizeof time, number(argv[2]) * sizeof time) != sizeof time;
}
