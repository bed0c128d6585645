/// What Swift cannot call of SQLite: a function with variable arguments.
#pragma once

/// Lets SQLite keep no account of its memory in this process. Nobody reads it, and it takes a lock for each allocation: together that was a
/// twentieth of what a task costs. It has an effect only before the first database is opened.
void sqlite_count_no_memory(void);
