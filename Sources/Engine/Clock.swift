import Foundation
import Glibc
import Scheduling

/// The system's clocks.
enum Clock {
    static func now() -> Now { Now(wall: milliseconds(CLOCK_REALTIME), monotonic: milliseconds(CLOCK_BOOTTIME)) }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Seconds that the daemon's time zone is ahead of UTC at a time, which is in milliseconds since 1970.
    static func zoneOffset(at wall: Int64) -> Int {
        var seconds = time_t(wall / 1000)
        var parts = tm()
        return localtime_r(&seconds, &parts) == nil ? 0 : parts.tm_gmtoff
    }

    /// The same of a zone by its name, such as `America/New_York`; of the daemon's own by none. Nil where there is no such zone.
    static func zoneOffset(of zone: String?, at wall: Int64) -> Int? {
        guard let zone else { return zoneOffset(at: wall) }
        return TimeZone(identifier: zone)?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(wall) / 1000))
    }
}
