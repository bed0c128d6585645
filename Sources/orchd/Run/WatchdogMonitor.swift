/// Notices that a child hangs: from its readiness on it has to say again and again that it does not, as sd_watchdog_enabled(3)
/// describes.
struct WatchdogMonitor {
    /// How long it may be silent, in milliseconds.
    let patience: Int64
    /// Until when it has to be heard, on the monotonic clock; nil where nothing is expected of it.
    private(set) var deadline: Int64?

    /// How much later than asked the launcher may look, in milliseconds, and still judge.
    private static let tolerance: Int64 = 1000

    init(patience: Int64) { self.patience = patience }

    /// What the child finds in its environment.
    var variable: String { "\(patience * 1000)" }

    mutating func take(_ news: NotifySocket.News, now: Int64) {
        if news.isReady || (news.feedsWatchdog && deadline != nil) { deadline = now + patience }
    }

    mutating func childEnded() { deadline = nil }

    /// Whether the child has been silent for too long. To be asked when its messages have been taken.
    mutating func isHanging(now: Int64) -> Bool {
        guard let deadline, deadline <= now else { return false }
        // A launcher that was itself stopped, by Ctrl-Z perhaps, has not seen what the child did meanwhile.
        guard now - deadline < Self.tolerance else {
            self.deadline = now + patience
            return false
        }
        self.deadline = nil
        return true
    }
}
