#define _GNU_SOURCE
#include "clinux_spawn.h"
#include "spawn_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clinux_process.h"

#if __has_feature(thread_sanitizer)
// ThreadSanitizer takes every clone for a fork, and gives up when the child has the memory of the parent.
int __clone(int (*)(void *), void *, int, void *, ...);
#define clone __clone
#endif

/// clone3 with a stack of its own for the child. glibc has no wrapper: the child must not return into the frame of its caller,
/// so it calls `entry` and exits without ever leaving these instructions. Returns the pid or a negative errno.
static long clone3_on_stack(struct clone_args *arguments, int (*entry)(void *), void *argument) {
#if defined(__x86_64__)
    long result;
    register int (*call)(void *) __asm__("r12") = entry;
    register void *with __asm__("r13") = argument;
    __asm__ volatile(
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xorl %%ebp, %%ebp\n\t"
        "movq %%r13, %%rdi\n\t"
        "callq *%%r12\n\t"
        "movl %%eax, %%edi\n\t"
        "movl %[exit], %%eax\n\t"
        "syscall\n\t"
        "ud2\n"
        "1:"
        : "=a"(result)
        : "0"((long)SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(call), "r"(with), [exit] "i"(SYS_exit)
        : "rcx", "r11", "memory", "cc");
    return result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_clone3;
    register long first __asm__("x0") = (long)arguments;
    register long second __asm__("x1") = sizeof *arguments;
    register int (*call)(void *) __asm__("x9") = entry;
    register void *with __asm__("x10") = argument;
    __asm__ volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, #0\n\t"
        "mov x0, x10\n\t"
        "blr x9\n\t"
        "mov x8, %[exit]\n\t"
        "svc #0\n\t"
        "brk #1\n"
        "1:"
        : "+r"(first)
        : "r"(number), "r"(second), "r"(call), "r"(with), [exit] "i"(SYS_exit)
        : "memory", "cc", "x30");
    return first;
#else
    return -ENOSYS;
#endif
}

static bool is_shortage(int error) { return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE; }

/// The child's stack is part of this frame, which is safe because the parent does not run until the child has executed its
/// program or ended. Returns the pid or a negative errno.
static long clone_child(struct spawn_state *state, int *pidfd) {
    _Alignas(16) char stack[32 * 1024];
    const struct spawn_request *request = state->request;
    long pid = -ENOSYS;
    if (!request->avoid_clone3) {
        struct clone_args arguments = {
            .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
            .pidfd = (uintptr_t)pidfd,
            .exit_signal = SIGCHLD,
            .stack = (uintptr_t)stack,
            .stack_size = sizeof stack,
        };
        if (request->cgroup >= 0) {
            arguments.flags |= CLONE_INTO_CGROUP;
            arguments.cgroup = (unsigned)request->cgroup;
        }
        pid = clone3_on_stack(&arguments, spawn_child, state);
    }
    // Filters of system calls, as of RestrictNamespaces= and of containers, forbid clone3 because they cannot look into it.
    if (pid != -ENOSYS && pid != -EPERM) return pid;
    if (request->cgroup >= 0) {
        state->cgroup_procs = openat(request->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (state->cgroup_procs < 0) return -errno;
    }
    pid = clone(spawn_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, state, pidfd);
    if (pid < 0) pid = -errno;
    if (state->cgroup_procs >= 0) close(state->cgroup_procs);
    return pid;
}

bool spawn_process(const struct spawn_request *request, struct spawn_result *result) {
    struct spawn_state state = {.request = request, .cgroup_procs = -1, .parent = getpid(), .step = SPAWN_NONE};
    // No handler of the parent may run in the child, on its stack and in its memory.
    uint64_t all = ~UINT64_C(0), before = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
    int pidfd = -1;
    long pid = clone_child(&state, &pidfd);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);

    *result = (struct spawn_result){.pid = -1, .pidfd = -1};
    if (pid < 0) {
        result->error = (int)-pid;
        result->step = is_shortage(result->error) ? SPAWN_RESOURCES : request->cgroup >= 0 ? SPAWN_CGROUP : SPAWN_CLONE;
        return false;
    }
    if (state.step != SPAWN_NONE) {
        struct linux_exit ended;
        linux_wait_pidfd(pidfd, true, &ended);
        close(pidfd);
        result->step = state.step;
        result->error = state.error;
        if (state.step == SPAWN_DESCRIPTORS && is_shortage(state.error)) result->step = SPAWN_RESOURCES;
        return false;
    }
    result->pid = (pid_t)pid;
    result->pidfd = pidfd;
    return true;
}
