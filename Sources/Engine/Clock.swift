import Glibc
import Scheduling
import Synchronization

/// The system's clocks.
enum Clock {
    static func now() -> Now {
        let wall = milliseconds(CLOCK_REALTIME)
        return Now(wall: wall, monotonic: milliseconds(CLOCK_BOOTTIME), midnight: midnight(after: wall))
    }

    /// The local day that was asked for last: the time zone need not be looked into for every turn.
    private static let day = Mutex<Range<Int64>>(0..<0)

    private static func midnight(after wall: Int64) -> Int64? {
        day.withLock {
            if !$0.contains(wall) { $0 = localDay(of: wall) ?? 0..<0 }
            return $0.isEmpty ? nil : $0.upperBound
        }
    }

    /// From midnight to midnight in the time zone of the daemon, which need not be 24 hours.
    static func localDay(of wall: Int64) -> Range<Int64>? {
        var seconds = time_t(wall / 1000)
        var today = tm()
        guard localtime_r(&seconds, &today) != nil else { return nil }
        (today.tm_hour, today.tm_min, today.tm_sec, today.tm_isdst) = (0, 0, 0, -1)
        var tomorrow = today
        tomorrow.tm_mday += 1
        let (start, end) = (Int64(mktime(&today)) * 1000, Int64(mktime(&tomorrow)) * 1000)
        return start <= wall && wall < end ? start..<end : nil
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
