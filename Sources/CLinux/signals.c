#define _GNU_SOURCE
#include "clinux_signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

void linux_default_all_signals(void) {
    // The system call, because glibc keeps two signals to itself, and they too may have been inherited as ignored. All zero is
    // SIG_DFL without flags, whatever the layout. SIGKILL and SIGSTOP refuse, as they should.
    static const uint64_t action[8];
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, action, NULL, sizeof(uint64_t));
}

int linux_block_all_signals(void) {
    static const int open[] = {SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGABRT, SIGTRAP,
                               SIGSYS,  SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) sigdelset(&set, open[i]);
    return sigprocmask(SIG_SETMASK, &set, NULL) ? -errno : 0;
}

int linux_signal_descriptor(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int linux_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}
