import Glibc

/// Points in time in the reader's time zone.
public enum LocalTime {
    /// As short as it stays clear: the hour today, the day this year, else the whole date.
    public static func short(_ time: Timestamp, now: Timestamp) -> String {
        let (moment, today) = (fields(time), fields(now))
        if date(moment) == date(today) { return clock(moment) + ":" + two(moment.tm_sec) }
        return (moment.tm_year == today.tm_year ? day(moment) : date(moment)) + " " + clock(moment)
    }

    /// The first whole minute that is not before it: `14:05`, with the date where it is another day.
    public static func minute(_ time: Timestamp, now: Timestamp) -> String {
        let rounded = Timestamp(milliseconds: (time.milliseconds + 59_999) / 60_000 * 60_000)
        let moment = fields(rounded)
        return date(moment) == date(fields(now)) ? clock(moment) : date(moment) + " " + clock(moment)
    }

    /// Date and hour, and the distance from now: `2026-11-22 14:05:03 (3m ago)`.
    public static func full(_ time: Timestamp, now: Timestamp) -> String {
        let moment = fields(time)
        return "\(date(moment)) \(clock(moment)):\(two(moment.tm_sec)) (\(RelativeTime.text(time, now: now)))"
    }

    static func fields(_ time: Timestamp) -> tm {
        var seconds = time_t(time.milliseconds / 1000)
        var result = tm()
        localtime_r(&seconds, &result)
        return result
    }

    private static func date(_ moment: tm) -> String { "\(moment.tm_year + 1900)-\(day(moment))" }
    private static func day(_ moment: tm) -> String { two(moment.tm_mon + 1) + "-" + two(moment.tm_mday) }
    private static func clock(_ moment: tm) -> String { two(moment.tm_hour) + ":" + two(moment.tm_min) }
    private static func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
}

/// Points in time as a distance from now: `3m ago`, `in 2h`.
public enum RelativeTime {
    /// The distance in words. Whole units only: what is read is the size of it.
    public static func text(_ time: Timestamp, now: Timestamp) -> String {
        let distance = time.milliseconds - now.milliseconds
        let size = rough(Double(abs(distance)) / 1000)
        if abs(distance) < 1000 { return "now" }
        return distance < 0 ? "\(size) ago" : "in \(size)"
    }

    /// How long it is between two points, in whole units.
    public static func between(_ start: Timestamp, _ end: Timestamp) -> String {
        DurationText.text(Double(max(0, end.milliseconds - start.milliseconds)) / 1000)
    }

    private static func rough(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds))s"
        case ..<7200: "\(Int(seconds / 60))m"
        case ..<172_800: "\(Int(seconds / 3600))h"
        default: "\(Int(seconds / 86_400))d"
        }
    }
}
