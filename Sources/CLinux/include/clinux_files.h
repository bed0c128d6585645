/// Files and directories.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/// O_PATH of open(2), which Swift does not import: a descriptor that stands for a place, and gives no access to what is there.
enum { LINUX_O_PATH = 010000000 };

/// Whether a directory, open for reading from its start, has no entry but `only`, or none at all if that is NULL.
bool linux_holds_only(int directory, const char *only);

/// Whether a directory, open for reading from its start, is as mkdir makes it for this owner: mode 0700, no extended attribute (so no
/// ACL either), no larger than `size` bytes, and no entry but `only`, if that is not NULL.
bool linux_is_pristine_directory(int directory, uid_t owner, long size, const char *only);

/// Gives the calling thread, if it is root's, the rights to files of this user. Returns what `linux_be_oneself` takes.
int linux_become_file_user(uid_t user);
void linux_be_oneself(int token);

/// A pipe whose ends are closed by an exec, and never wait unless they are to. 0, or -1 and errno.
int linux_pipe(int ends[2], bool waits);

/// Renames within a directory, but not over anything.
int linux_rename_new(int directory, const char *from, const char *to);
