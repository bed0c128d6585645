/// Files and directories.
#pragma once

#include <stdbool.h>

/// O_PATH of open(2), which Swift does not import: a descriptor that stands for a place, and gives no access to what is there.
enum { LINUX_O_PATH = 010000000 };

/// Whether a directory, open for reading from its start, is as mkdir makes it: no entry, no extended attribute (so no ACL either),
/// and no larger than `size` bytes.
bool linux_is_pristine_directory(int directory, long size);

/// Renames within a directory, but not over anything.
int linux_rename_new(int directory, const char *from, const char *to);
