#define _GNU_SOURCE
#include "clinux_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int64_t microseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000 + time.tv_usec; }

/// The system call, because glibc's waitid has no place for the rusage.
static int wait_for(int kind, int id, bool wait, struct linux_exit *ended) {
    siginfo_t info = {0};
    struct rusage usage = {0};
    long result;
    do {
        result = syscall(SYS_waitid, kind, id, &info, WEXITED | __WALL | (wait ? 0 : WNOHANG), &usage);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    if (info.si_pid == 0) return 0;
    *ended = (struct linux_exit){
        .pid = info.si_pid,
        .signalled = info.si_code != CLD_EXITED,
        .dumped_core = info.si_code == CLD_DUMPED,
        .code = info.si_status,
        .cpu_user = microseconds(usage.ru_utime),
        .cpu_system = microseconds(usage.ru_stime),
        .peak_memory = (int64_t)usage.ru_maxrss * 1024,
    };
    return 1;
}

int linux_wait_pidfd(int pidfd, bool wait, struct linux_exit *ended) { return wait_for(P_PIDFD, pidfd, wait, ended); }
int linux_wait_pid(pid_t pid, bool wait, struct linux_exit *ended) { return wait_for(P_PID, pid, wait, ended); }

int linux_pidfd_open(pid_t pid) {
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int linux_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int linux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ? -errno : 0; }

int linux_hard_limit_of(pid_t pid, uint32_t resource, uint64_t *hard) {
    struct rlimit limit;
    if (syscall(SYS_prlimit64, pid, resource, NULL, &limit)) return -errno;
    *hard = limit.rlim_max;
    return 0;
}

int linux_get_limit(uint32_t resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (syscall(SYS_prlimit64, 0, resource, NULL, &limit)) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int linux_set_limit(uint32_t resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return syscall(SYS_prlimit64, 0, resource, &limit, NULL) ? -errno : 0;
}
