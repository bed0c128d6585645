/// Who may send a request now, and who waits: by the buckets that Discord reports in its answers, the limit of all requests
/// together, and the number of bad ones. It has no clock and does no I/O, so that the same calls give the same answers.
///
/// Where not all may go, the higher priority goes first, then who came first. A request that has to wait longer than it wants to is told so at once.
struct RateLimiter: Sendable {
    typealias ID = UInt64

    /// What `turn` decides.
    struct Turn: Equatable {
        var go: [ID] = []
        /// With the milliseconds after which it might have gone.
        var refused: [ID: Int64] = [:]
        /// When to ask again; nil for after the next answer.
        var wake: Moment?
    }

    private struct Waiter: Sendable {
        var id: ID
        var route: RateRoute
        var priority: SendPriority
        var deadline: Moment
    }

    private struct Place: Hashable {
        var bucket: String
        var major: String
    }

    /// Sorted by whose turn it is first.
    private var waiting: [Waiter] = []
    /// Which bucket a route is in, as an answer has told. There are as many as routes.
    private var bucketOfRoute: [String: String] = [:]
    private var limitOfBucket: [String: Int] = [:]
    private var buckets: [Place: RateBucket] = [:]
    private var allBlockedUntil: Moment?
    private var sendTimes = SlidingCount(window: 1000, most: Self.allInSecond)
    private var badTimes = SlidingCount(window: 600_000, most: Self.badInTenMinutes)

    /// Discord allows 50 a second. What is sent in a little more than a second may arrive within one.
    static let allInSecond = 40
    /// Discord shuts an address out after 10 000 bad requests in ten minutes. Anybody who comes near a tenth of it is wrong
    /// about something.
    static let badInTenMinutes = 1000
    static let mostWaiting = 2000

    init() {}

    /// For a process that begins: the one before it may have sent all that it may just now, and Discord counts them together.
    init(beginningAt now: Moment) {
        for _ in 0..<Self.allInSecond - Self.atBeginning { sendTimes.count(at: now) }
    }

    /// With those of the process before in the same second they are no more than Discord allows.
    private static let atBeginning = 8

    var waitingCount: Int { waiting.count }

    /// Lets a request wait for its turn. False where too many wait already.
    mutating func enter(_ id: ID, for route: RateRoute, priority: SendPriority, until deadline: Moment) -> Bool {
        guard waiting.count < Self.mostWaiting else { return false }
        let place = waiting.firstIndex { $0.priority > priority } ?? waiting.endIndex
        waiting.insert(Waiter(id: id, route: route, priority: priority, deadline: deadline), at: place)
        return true
    }

    /// Nobody wants it any more.
    mutating func withdraw(_ id: ID) { waiting.removeAll { $0.id == id } }

    /// Whose turn it is now. Those have to be sent, and `answered` or `lost` called for each.
    mutating func turn(at now: Moment) -> Turn {
        var turn = Turn()
        var closed: [Place: Moment?] = [:]
        var rest: [Waiter] = []
        for waiter in waiting {
            let opens = opening(for: waiter.route, at: now, closed: &closed)
            if let opens, opens <= now {
                send(waiter.route, at: now)
                turn.go.append(waiter.id)
                continue
            }
            let earliest = opens ?? now
            guard earliest <= waiter.deadline, now < waiter.deadline else {
                turn.refused[waiter.id] = max(1000, earliest - now)
                continue
            }
            rest.append(waiter)
            let wake = min(opens ?? waiter.deadline, waiter.deadline)
            turn.wake = min(turn.wake ?? wake, wake)
        }
        waiting = rest
        return turn
    }

    /// What an answer says about limits.
    mutating func answered(_ route: RateRoute, status: Int, _ headers: RateHeaders, at now: Moment) {
        if [401, 403, 429].contains(status), headers.scope != .shared { badTimes.count(at: now) }
        if status == 429, headers.scope == .all {
            let until = now + (headers.retryAfter ?? 1000)
            allBlockedUntil = max(allBlockedUntil ?? until, until)
        }
        guard route.isLimited else { return }
        let old = place(of: route)
        if let bucket = headers.bucket, bucket != old.bucket {
            bucketOfRoute[route.name] = bucket
            // What went out under the name of the route is in it, wherever it went.
            let moved = old.bucket == route.name ? buckets.keys.filter { $0.bucket == route.name } : [old]
            for place in moved { move(place, to: Place(bucket: bucket, major: place.major)) }
        }
        let place = place(of: route)
        var bucket = bucket(at: place)
        bucket.answered(headers, status: status, at: now)
        if let limit = bucket.limit { limitOfBucket[place.bucket] = limit }
        buckets[place] = bucket
        if buckets.count > Self.mostBuckets { buckets = buckets.filter { !$0.value.isFresh(at: now) } }
    }

    /// A request was sent, and no answer came.
    mutating func lost(_ route: RateRoute, at now: Moment) {
        guard route.isLimited else { return }
        let place = place(of: route)
        buckets[place, default: RateBucket()].lost(at: now)
    }

    /// Each thread has buckets of its own, so those that have nothing to remember are dropped now and then.
    private static let mostBuckets = 512

    /// When a route is open: now, later, or nil for after an answer.
    private mutating func opening(for route: RateRoute, at now: Moment, closed: inout [Place: Moment?]) -> Moment? {
        var latest = badTimes.opens(at: now)
        if route.countsForAll {
            latest = max(latest, allBlockedUntil ?? now, sendTimes.opens(at: now))
        }
        guard route.isLimited else { return latest }
        let place = place(of: route)
        // Who came first at a closed bucket stays the first.
        if let known = closed[place] { return known.map { max($0, latest) } }
        var bucket = bucket(at: place)
        let opens = bucket.opens(at: now)
        buckets[place] = bucket
        if opens.map({ $0 > now }) ?? true { closed.updateValue(opens, forKey: place) }
        return opens.map { max($0, latest) }
    }

    private mutating func send(_ route: RateRoute, at now: Moment) {
        if route.countsForAll { sendTimes.count(at: now) }
        guard route.isLimited else { return }
        let place = place(of: route)
        var bucket = bucket(at: place)
        bucket.sent()
        buckets[place] = bucket
    }

    private func place(of route: RateRoute) -> Place {
        Place(bucket: bucketOfRoute[route.name] ?? route.name, major: route.major)
    }

    private func bucket(at place: Place) -> RateBucket {
        buckets[place] ?? RateBucket(limit: limitOfBucket[place.bucket])
    }

    /// What is known of a bucket under the name of its route goes with it to its own name, where nothing is known yet.
    private mutating func move(_ old: Place, to new: Place) {
        guard let moved = buckets.removeValue(forKey: old) else { return }
        if buckets[new] == nil {
            buckets[new] = moved
        } else {
            for _ in 0..<moved.inFlight { buckets[new]?.sent() }
        }
    }
}
