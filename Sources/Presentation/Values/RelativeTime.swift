import OrchProtocol

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
