import Glibc

/// Points in time as people write them, in the local time zone.
public enum TimeText {
    /// Which of its days an hour without a date belongs to.
    public enum Direction: Sendable {
        /// The next such hour: when something is to happen.
        case future
        /// The last such hour: when something happened.
        case past
    }

    /// How to write one, for help texts and errors.
    public static let forms =
        "14:05, \"tomorrow 9:00\", +10m, \"in 2h\", 2026-11-23, \"2026-11-23 14:05\" or 2026-11-23T14:05:00Z"

    /// The time that the text means, or nil if it is not one.
    public static func parse(_ text: String, now: Timestamp, direction: Direction = .future) -> Timestamp? {
        if let exact = Timestamp(text), text.last.map({ !$0.isWhitespace }) ?? false { return exact }
        if text == "now" { return now }
        if let distance = distance(text) { return shifted(now, bySeconds: distance) }
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        switch words.count {
        case 1:
            if let clock = Clock(words[0]) { return clock.nearest(to: now, direction) }
            if let day = Day(words[0], now: now) { return day.at(Clock()) }
            let halves = words[0].split(separator: "T")
            guard halves.count == 2 else { return nil }
            return Day(halves[0], now: now).flatMap { day in Clock(halves[1]).flatMap { day.at($0) } }
        case 2:
            return Day(words[0], now: now).flatMap { day in Clock(words[1]).flatMap { day.at($0) } }
        default:
            return nil
        }
    }

    /// `+10m`, `in 2h`, `10m ago`.
    private static func distance(_ text: String) -> Double? {
        if text.hasPrefix("+") { return DurationText.seconds(String(text.dropFirst())) }
        if text.hasPrefix("in ") { return DurationText.seconds(String(text.dropFirst(3))) }
        if text.hasSuffix(" ago") { return DurationText.seconds(String(text.dropLast(4))).map { -$0 } }
        return nil
    }

    private static func shifted(_ time: Timestamp, bySeconds seconds: Double) -> Timestamp? {
        let milliseconds = Double(time.milliseconds) + (seconds * 1000).rounded()
        guard milliseconds >= 0, milliseconds <= Double(Timestamp.range.upperBound) else { return nil }
        return Timestamp(milliseconds: Int64(milliseconds))
    }
}

/// An hour of a day: `14:05` or `14:05:30`.
private struct Clock {
    var hour: Int32 = 0
    var minute: Int32 = 0
    var second: Int32 = 0
}

extension Clock {
    init?(_ text: Substring) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts[0].utf8.count <= 2,
            parts.dropFirst().allSatisfy({ $0.utf8.count == 2 })
        else { return nil }
        let numbers = parts.compactMap(whole)
        guard numbers.count == parts.count, numbers[0] < 24, numbers[1] < 60, numbers.count < 3 || numbers[2] < 60 else {
            return nil
        }
        (hour, minute, second) = (numbers[0], numbers[1], numbers.count > 2 ? numbers[2] : 0)
    }

    func nearest(to now: Timestamp, _ direction: TimeText.Direction) -> Timestamp? {
        var day = Day(now)
        guard let today = day.at(self) else { return nil }
        switch direction {
        case .future where today <= now: day.day += 1
        case .past where today > now: day.day -= 1
        default: return today
        }
        return day.at(self)
    }
}

/// A day of the calendar: `2026-11-23`, `today`, `tomorrow`, `yesterday`.
private struct Day {
    var year: Int32
    var month: Int32
    /// May leave the month: `mktime` carries it over.
    var day: Int32

    init(_ time: Timestamp) {
        let fields = LocalTime.fields(time)
        (year, month, day) = (fields.tm_year, fields.tm_mon, fields.tm_mday)
    }

    init?(_ text: Substring, now: Timestamp) {
        self.init(now)
        switch text {
        case "today": return
        case "tomorrow": day += 1
        case "yesterday": day -= 1
        default:
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            let numbers = parts.compactMap(whole)
            guard parts.map(\.utf8.count) == [4, 2, 2], numbers.count == 3, (1...12).contains(numbers[1]) else { return nil }
            (year, month, day) = (numbers[0] - 1900, numbers[1] - 1, numbers[2])
            // The 30th of February would become the 2nd of March without a word.
            guard day >= 1, LocalTime.fields(Timestamp(milliseconds: milliseconds(Clock(hour: 12)))).tm_mday == day else {
                return nil
            }
        }
    }

    func at(_ clock: Clock) -> Timestamp? {
        let value = milliseconds(clock)
        return Timestamp.range.contains(value) ? Timestamp(milliseconds: value) : nil
    }

    private func milliseconds(_ clock: Clock) -> Int64 {
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year, month, day)
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (clock.hour, clock.minute, clock.second)
        // The zone's rules say whether it is summer time.
        fields.tm_isdst = -1
        return Int64(mktime(&fields)) * 1000
    }
}

private func whole(_ text: Substring) -> Int32? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int32(text) : nil
}
