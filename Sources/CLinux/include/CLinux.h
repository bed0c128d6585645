/// What Swift cannot say, or not safely: calls with variable arguments, control messages, and the child side of a spawn.
///
/// Unless stated otherwise, functions return a negative errno on failure, so that nothing depends on `errno` surviving the way
/// back into Swift.
#pragma once

#include "clinux_address.h"
#include "clinux_files.h"
#include "clinux_link.h"
#include "clinux_memfd.h"
#include "clinux_peer.h"
#include "clinux_process.h"
#include "clinux_signals.h"
#include "clinux_spawn.h"
#include "clinux_startup.h"

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>
