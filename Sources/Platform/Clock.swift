import Glibc
import Text

/// The clocks of the system, in milliseconds.
public enum Clock {
    /// Since 1970; can be set.
    public static var realTime: Int64 { read(CLOCK_REALTIME) }
    /// Since boot, suspension included; cannot be set.
    public static var monotonic: Int64 { read(CLOCK_BOOTTIME) }
    /// Since boot, without the time for which the machine was suspended: for how long another process has been able to run.
    public static var awake: Int64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension LocalTime {
    /// The present, to the millisecond.
    public static var now: Timestamp { Timestamp(milliseconds: Clock.realTime) }
}
