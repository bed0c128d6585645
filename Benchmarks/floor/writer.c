// writer BYTES - writes so many bytes to standard output, in lines, 64 KiB at a time.
#include "floor.h"
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (size_t i = 79; i < sizeof block; i += 80) block[i] = '\n';
    for (long left = number(argv[1]); left > 0;) {
        ssize_t done = write(1, block, left < (long)sizeof block ? (size_t)left : sizeof block);
        if (done < 0) die("write");
        left -= done;
    }
}
