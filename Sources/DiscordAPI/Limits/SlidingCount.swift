/// How often something has happened within a window that moves on with the time, and when it may happen again.
struct SlidingCount: Sendable {
    let window: Int64
    let most: Int
    private var times: [Moment] = []

    init(window: Int64, most: Int) {
        self.window = window
        self.most = most
    }

    /// `now` or earlier where it may happen now.
    mutating func opens(at now: Moment) -> Moment {
        drop(before: now)
        guard times.count >= most else { return now }
        return times[times.count - most] + window
    }

    /// How often it may still happen now.
    mutating func left(at now: Moment) -> Int {
        drop(before: now)
        return max(0, most - times.count)
    }

    mutating func count(at now: Moment) {
        drop(before: now)
        // Past the limit only the newest matter.
        if times.count >= 2 * most { times.removeFirst(times.count - most) }
        times.append(now)
    }

    private mutating func drop(before now: Moment) {
        guard let first = times.first, first + window <= now else { return }
        times.removeFirst(times.firstIndex { $0 + window > now } ?? times.count)
    }
}
