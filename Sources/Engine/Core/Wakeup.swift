import CLinux
import Glibc

/// Wakes a thread that waits in `poll`.
final class Wakeup: Sendable {
    let descriptor: Descriptor

    init() throws(SystemError) {
        descriptor = try Descriptor(eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)), "make an eventfd")
    }

    func signal() {
        var one: UInt64 = 1
        _ = write(descriptor.number, &one, 8)
    }

    func clear() {
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, 8)
    }
}

/// Waits until one of the descriptors is ready, or the time is up.
///
/// - Parameter milliseconds: negative to wait without end.
/// - Returns: for each descriptor, what `poll` says of it.
func waitFor(_ descriptors: [(number: Int32, events: Int32)], milliseconds: Int) -> [Int32] {
    var polls = descriptors.map { pollfd(fd: $0.number, events: Int16($0.events), revents: 0) }
    let timeout = Int32(clamping: milliseconds)
    let count = poll(&polls, nfds_t(polls.count), timeout)
    return count > 0 ? polls.map { Int32($0.revents) } : polls.map { _ in 0 }
}
