import Glibc
import Synchronization

/// The zones in which what deals with days is tested: on both sides of UTC, far out, at odd minutes, and with a summer time. Written
/// out, so that they need no data of the system's.
public let zones = ["UTC0", "<+0545>-5:45", "<-10>10", "<+14>-14", "NST3:30NDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3"]

/// A process has one zone, and tests run at the same time: whoever depends on the zone has it to himself for that long.
private let zoneInUse = Mutex<Void>(())

/// The zone that the process was started with, whatever a test has set for a moment.
public let ownZone: String? = zoneInUse.withLock { _ in getenv("TZ").map { String(cString: $0) } }

/// Runs a body in a time zone.
public func inZone<R>(_ zone: String, _ body: () throws -> R) rethrows -> R {
    try zoneInUse.withLock { _ in
        let before = getenv("TZ").map { String(cString: $0) }
        setenv("TZ", zone, 1)
        tzset()
        defer {
            if let before { setenv("TZ", before, 1) } else { unsetenv("TZ") }
            tzset()
        }
        return try body()
    }
}

/// Milliseconds since 1970 at an hour and a minute, in the process' zone, of the day a number of days after the one that a time is in.
public func localTime(_ hour: Int32, _ minute: Int32, days: Int32 = 0, from wall: Int64) -> Int64 {
    var seconds = time_t(wall / 1000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, 0)
    parts.tm_mday += days
    parts.tm_isdst = -1
    return Int64(mktime(&parts)) * 1000
}
