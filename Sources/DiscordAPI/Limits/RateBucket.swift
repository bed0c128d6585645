/// How many requests of one bucket may go now, as its last answers tell.
struct RateBucket: Sendable {
    /// How many there are in a window; nil while no answer has told. Then one at a time goes, and asks.
    var limit: Int?
    /// How many the newest answer has left in its window.
    private var remaining: Int
    /// When that window ends; nil where none is known to have begun.
    private var resetsAt: Moment?
    /// What has been sent and has no answer yet. Whether the newest answer has counted it nobody knows, so it is taken off again.
    private(set) var inFlight = 0
    /// No request before this, whatever the window says: a 429 named it.
    private(set) var blockedUntil: Moment?

    /// Where a window has begun without anybody having been told how long it is.
    private static let assumedWindow: Int64 = 10_000

    init(limit: Int? = nil) {
        self.limit = limit
        remaining = limit ?? 1
    }

    /// When the next may go: `now` or earlier means now; nil means that an answer decides.
    mutating func opens(at now: Moment) -> Moment? {
        if let blockedUntil {
            if blockedUntil > now { return blockedUntil }
            self.blockedUntil = nil
        }
        if let resetsAt, resetsAt <= now { renew() }
        if remaining > inFlight { return now }
        return resetsAt
    }

    mutating func sent() { inFlight += 1 }

    /// Takes what an answer says. Answers may overtake each other: within a window the least counts, and a later end is a newer window.
    mutating func answered(_ headers: RateHeaders, status: Int, at now: Moment) {
        inFlight = max(0, inFlight - 1)
        if let limit = headers.limit, limit > 0 { self.limit = limit }
        if status == 429, headers.scope != .all {
            block(until: now + (headers.retryAfter ?? headers.resetAfter ?? 1000))
        }
        guard let left = headers.remaining, let resetAfter = headers.resetAfter else {
            unseen(at: now)
            return
        }
        let end = now + resetAfter
        if let resetsAt, resetsAt > now, end < resetsAt + Self.sameWindow {
            remaining = min(remaining, max(0, left))
            self.resetsAt = max(resetsAt, end)
        } else {
            remaining = max(0, left)
            resetsAt = end
        }
    }

    /// No answer came. It may have been counted.
    mutating func lost(at now: Moment) {
        inFlight = max(0, inFlight - 1)
        unseen(at: now)
    }

    /// A request that Discord may have counted, although no answer says so. While no limit is known, one at a time continues.
    private mutating func unseen(at now: Moment) {
        guard limit != nil else { return }
        remaining = max(0, remaining - 1)
        if resetsAt == nil { resetsAt = now + Self.assumedWindow }
    }

    mutating func block(until moment: Moment) { blockedUntil = max(blockedUntil ?? moment, moment) }

    /// Whether there is nothing to remember.
    func isFresh(at now: Moment) -> Bool {
        inFlight == 0 && (resetsAt.map { $0 <= now } ?? true) && (blockedUntil.map { $0 <= now } ?? true)
    }

    /// Ends of a window that differ by less are of the same one: answers take a while, and not all the same.
    private static let sameWindow: Int64 = 250

    private mutating func renew() {
        resetsAt = nil
        remaining = limit ?? 1
    }
}
