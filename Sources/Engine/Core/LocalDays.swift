import Foundation
import Glibc
import Platform
import Scheduling

extension Clock {
    /// Both clocks that the scheduler counts on.
    static func now() -> Now { Now(wall: realTime, monotonic: monotonic) }

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

/// The days of a time zone. Each is looked up once, and not for every turn.
struct LocalDays: Sendable {
    /// Seconds that the zone is ahead of UTC at a time.
    private let offset: @Sendable (Int64) -> Int
    /// The day that was asked for last, and from when on it is known to be that day.
    private var known = (start: Int64.max, day: Day(number: 0, end: 0))

    init(offset: @escaping @Sendable (Int64) -> Int = Clock.zoneOffset) { self.offset = offset }

    /// The daemon's own.
    static func day(at wall: Int64) -> Day {
        var days = LocalDays()
        return days.day(at: wall)
    }

    mutating func day(at wall: Int64) -> Day {
        if known.start <= wall, wall < known.day.end { return known.day }
        let number = number(at: wall)
        // The offset alone says where a day ends, so that one of 23 or 25 hours, or without a midnight, is not a day of its own.
        var (inside, outside) = (wall, wall + Day.length)
        while self.number(at: outside) <= number { outside += Day.length }
        while inside + 1 < outside {
            let middle = inside + (outside - inside) / 2
            if self.number(at: middle) <= number { inside = middle } else { outside = middle }
        }
        known = (wall, Day(number: number, end: outside))
        return known.day
    }

    private func number(at wall: Int64) -> Int64 {
        let local = wall + Int64(offset(wall)) * 1000
        return (local >= 0 ? local : local - Day.length + 1) / Day.length
    }
}
