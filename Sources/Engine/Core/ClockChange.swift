import CLinux
import Glibc

/// Becomes readable when somebody sets the real-time clock: a timer that is far away, and is cancelled then (timerfd_create(2),
/// TFD_TIMER_CANCEL_ON_SET).
struct ClockChange: Sendable {
    private static let cancelOnSet: Int32 = 2
    let descriptor: Descriptor

    init() throws(SystemError) {
        let flags = Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK)
        descriptor = try Descriptor(timerfd_create(CLOCK_REALTIME, flags), "make a timer")
        arm()
    }

    func rearm() {
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
