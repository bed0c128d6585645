/// What every program of this project does before anything else.
#pragma once

#include <stdbool.h>

/// Makes each of the descriptors 0 to 2 that is closed /dev/null, for reading only: otherwise the next socket or file would get its
/// number, and what is printed would go there. Writing to it fails, so a caller that closed standard output gets an error.
void linux_open_standard_descriptors(void);

/// The same for a program that executes no other in its own place; and SIGXFSZ is ignored: a file beyond `ulimit -f` is an error of the
/// write, and not the end of the program.
void linux_secure_start(void);

/// The name of the program and its arguments, ended by a NULL, as the kernel has given them: also where there is no /proc, in which
/// Swift looks for them.
char *const *linux_arguments(void);

/// How many of this number of threads can start at once; the limit of processes (`ulimit -u`) counts threads. They end again.
int linux_startable_threads(int count);

/// Names the calling thread, for `ps -L`; at most 15 bytes.
void linux_name_thread(const char *name);

/// Whether the signal is ignored; before anything has changed that, by the wish of the user who started the program (nohup(1),
/// or a shell that has put it in the background).
bool linux_ignores(int signal);
