import Glibc

/// The two clocks of a report, in milliseconds.
enum Clock {
    /// Since 1970; can be set.
    static var realTime: Int64 { read(CLOCK_REALTIME) }
    /// Since boot, suspension included; cannot be set. All timers of the supervisor count on it.
    static var monotonic: Int64 { read(CLOCK_BOOTTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
