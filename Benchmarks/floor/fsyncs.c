// fsyncs FILE COUNT BYTES - writes BYTES and waits until they are on the disk, COUNT times, and prints the nanoseconds of each.
//
// The file is written once before and then again from its beginning, as a write-ahead log is: no block has to be found for it.
#include "floor.h"
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: fsyncs FILE COUNT BYTES\n"), 2;
    long count = number(argv[2]), bytes = number(argv[3]);
    char *block = malloc(bytes);
    int64_t *times = malloc(count * sizeof *times);
    if (!block || !times) die("malloc");
    memset(block, 'x', bytes);
    int file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) die(argv[1]);
    for (long i = 0; i < count; i++)
        if (pwrite(file, block, bytes, i * bytes) != bytes) die("pwrite");
    if (fsync(file)) die("fsync");
    for (long i = 0; i < count; i++) {
        block[0] ^= 1;
        int64_t start = now();
        if (pwrite(file, block, bytes, i * bytes) != bytes) die("pwrite");
        if (fdatasync(file)) die("fdatasync");
        times[i] = now() - start;
    }
    unlink(argv[1]);
    for (long i = 0; i < count; i++) printf("%lld\n", (long long)times[i]);
}
