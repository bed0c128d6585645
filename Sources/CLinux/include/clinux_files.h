/// Opening files.
#pragma once

/// O_PATH of open(2), which Swift does not import: a descriptor that stands for a place, and gives no access to what is there.
enum { LINUX_O_PATH = 010000000 };
