/// Files in memory that their receiver can trust not to change.
#pragma once

#include <stddef.h>

/// A memfd with these bytes, sealed against writing and against any change of size. Its offset is at the end.
int linux_sealed_memfd(const char *name, const void *bytes, size_t count);

/// The size of a memfd if it is sealed against writing, shrinking and growing; -EPERM if it is not, -EINVAL if it is something
/// else. Only then may it be read without fear of it changing underneath.
long linux_sealed_memfd_size(int descriptor);
