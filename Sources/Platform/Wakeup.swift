import CLinux
import Glibc

/// Wakes a thread that waits in `poll`.
public final class Wakeup: Sendable {
    public let descriptor: Descriptor

    public init() throws(SystemError) {
        descriptor = try Descriptor(eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)), "make an eventfd")
    }

    public func signal() {
        var one: UInt64 = 1
        _ = write(descriptor.number, &one, 8)
    }

    public func clear() {
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, 8)
    }
}

/// Waits until one of the descriptors is ready, or the time is up.
///
/// - Parameter milliseconds: negative to wait without end.
/// - Returns: for each descriptor, what `poll` says of it.
public func waitFor(_ descriptors: [(number: Int32, events: Int32)], milliseconds: Int) -> [Int32] {
    var polls = descriptors.map { pollfd(fd: $0.number, events: Int16($0.events), revents: 0) }
    let timeout = Int32(clamping: milliseconds)
    let count = poll(&polls, nfds_t(polls.count), timeout)
    return count > 0 ? polls.map { Int32($0.revents) } : polls.map { _ in 0 }
}

/// Becomes readable when somebody sets the real-time clock: a timer that is far away, and is cancelled then (timerfd_create(2),
/// TFD_TIMER_CANCEL_ON_SET).
public struct ClockChange: Sendable {
    private static let cancelOnSet: Int32 = 2
    public let descriptor: Descriptor

    public init() throws(SystemError) {
        let flags = Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK)
        descriptor = try Descriptor(timerfd_create(CLOCK_REALTIME, flags), "make a timer")
        arm()
    }

    public func rearm() {
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, 8)
        arm()
    }

    private func arm() {
        var time = itimerspec()
        time.it_value.tv_sec = Int.max
        timerfd_settime(descriptor.number, Int32(TFD_TIMER_ABSTIME) | Self.cancelOnSet, &time, nil)
    }
}
