import CLinux
import Glibc

/// A process that may not be our child, held so that its number cannot come to mean another.
struct ProcessHandle {
    let pid: pid_t
    private let pidfd: OwnedDescriptor

    /// Nil if there is no such process any more.
    init?(_ pid: pid_t) {
        guard let pidfd = try? OwnedDescriptor("pidfd_open", linux_pidfd_open(pid)) else { return nil }
        self.pid = pid
        self.pidfd = pidfd
    }

    func signal(_ number: Int32) { _ = linux_pidfd_signal(pidfd.number, number) }
}
