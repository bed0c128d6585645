#define _GNU_SOURCE
#include "clinux_memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUIRED_SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };

int linux_sealed_memfd(const char *name, const void *bytes, size_t count) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -errno;
    for (size_t done = 0; done < count;) {
        ssize_t written = write(descriptor, (const char *)bytes + done, count - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) goto fail;
        done += (size_t)written;
    }
    if (fcntl(descriptor, F_ADD_SEALS, REQUIRED_SEALS | F_SEAL_SEAL)) goto fail;
    return descriptor;
fail:;
    int error = errno;
    close(descriptor);
    return -error;
}

long linux_sealed_memfd_size(int descriptor) {
    int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0) return -errno;
    if ((seals & REQUIRED_SEALS) != REQUIRED_SEALS) return -EPERM;
    struct stat status;
    if (fstat(descriptor, &status)) return -errno;
    return (long)status.st_size;
}
