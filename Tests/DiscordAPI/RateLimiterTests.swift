import TestSupport
import Testing

@testable import DiscordAPI

@Suite struct RateLimiterTests {
    private func enter(
        _ limiter: inout RateLimiter, _ id: RateLimiter.ID, for route: RateRoute, priority: SendPriority, until deadline: Moment
    ) {
        let entered = limiter.enter(id, for: route, priority: priority, until: deadline)
        #expect(entered)
    }

    /// A bucket as Discord keeps it, on the same virtual time.
    private struct ServerBucket {
        var used = 0
        var resetsAt: Int64 = 0
    }

    /// What is on its way from or to the server.
    private enum Travel {
        case request(RateLimiter.ID)
        case answer(RateLimiter.ID, status: Int, RateHeaders)
        case loss(RateLimiter.ID)
    }

    /// A server with limits that it tells of in its answers only, and requests and answers that take a while and overtake each other. Whoever keeps
    /// to what he was told never meets a limit, and everybody is served.
    @Test(arguments: 1...12) func `no request meets a limit that an answer has told of`(seed: UInt64) throws {
        var random = SeededGenerator(seed)
        var limiter = RateLimiter()
        let shapes: [(name: String, bucket: String, limit: Int, window: Int64)] = [
            ("POST messages", "create", 5, 5000), ("PATCH message", "edit", 5, 5000), ("PUT reaction", "react", 1, 250),
            ("DELETE reaction", "react", 1, 250), ("GET channel", "read", 50, 1000),
        ]
        var routes: [RateLimiter.ID: (route: RateRoute, shape: Int)] = [:]
        var travelling: [(at: Int64, Travel)] = []
        var server: [String: ServerBucket] = [:]
        var arrivals: [Int64] = []
        var told: Set<String> = []
        // Those that were sent when the limit of every route that shares their bucket was known.
        var informed: Set<RateLimiter.ID> = []
        var (served, early) = (0, 0)
        let requests = 200
        var now: Int64 = 0
        var nextID: RateLimiter.ID = 0
        while served < requests {
            // Somebody wants something.
            while nextID < requests, random.chance(30) || travelling.isEmpty && limiter.waitingCount == 0 {
                let shape = Int.random(in: 0..<shapes.count, using: &random)
                let route = RateRoute(name: shapes[shape].name, major: "\(Int.random(in: 0..<3, using: &random))")
                routes[nextID] = (route, shape)
                let priority = SendPriority.allCases[Int.random(in: 0..<3, using: &random)]
                enter(&limiter, nextID, for: route, priority: priority, until: Moment(milliseconds: now + 3_600_000))
                nextID += 1
            }
            let turn = limiter.turn(at: Moment(milliseconds: now))
            #expect(turn.refused.isEmpty)
            for id in turn.go {
                travelling.append((now + Int64.random(in: 1...200, using: &random), .request(id)))
                let bucket = try shapes[#require(routes[id]).shape].bucket
                if shapes.allSatisfy({ $0.bucket != bucket || told.contains($0.name) }) { informed.insert(id) }
            }
            // To the next thing that happens.
            let times = travelling.map(\.at) + (turn.wake.map { [$0.milliseconds] } ?? [])
            guard let next = times.min() else {
                try #require(nextID < requests, "everybody waits for ever at \(now)")
                now += 50
                continue
            }
            now = max(now, nextID < requests ? min(next, now + 50) : next)
            let due = travelling.filter { $0.at <= now }
            travelling.removeAll { $0.at <= now }
            for (_, travel) in due.sorted(by: { $0.at < $1.at }) {
                switch travel {
                case .request(let id):
                    let (route, shapeNumber) = try #require(routes[id])
                    let shape = shapes[shapeNumber]
                    let place = "\(shape.bucket) \(route.major)"
                    arrivals.append(now)
                    if random.chance(3) {
                        // It is lost before or after it was counted.
                        if random.chance(50) { server[place, default: ServerBucket()].used += 1 }
                        travelling.append((now + 1000, .loss(id)))
                        continue
                    }
                    var headers = RateHeaders()
                    headers.bucket = shape.bucket
                    var status = 200
                    if random.chance(2) {
                        // Somebody else has used it up.
                        status = 429
                        headers.scope = [.user, .shared, .all][Int.random(in: 0..<3, using: &random)]
                        headers.retryAfter = Int64.random(in: 500...4000, using: &random)
                    } else {
                        var bucket = server[place, default: ServerBucket()]
                        if now >= bucket.resetsAt { bucket = ServerBucket(used: 0, resetsAt: now + shape.window) }
                        if bucket.used >= shape.limit {
                            // Only before it has been told what the limit is.
                            #expect(!informed.contains(id), "\(route) at \(now)")
                            early += 1
                            status = 429
                            headers.retryAfter = bucket.resetsAt - now
                        } else {
                            bucket.used += 1
                        }
                        server[place] = bucket
                        (headers.limit, headers.remaining) = (shape.limit, shape.limit - bucket.used)
                        headers.resetAfter = bucket.resetsAt - now
                    }
                    let arrival = now + Int64.random(in: 1...200, using: &random)
                    travelling.append((arrival, .answer(id, status: status, headers)))
                case .answer(let id, let status, let headers):
                    let route = try #require(routes[id]).route
                    limiter.answered(route, status: status, headers, at: Moment(milliseconds: now))
                    told.insert(route.name)
                    if status == 429 {
                        enter(&limiter, id, for: route, priority: .answer, until: Moment(milliseconds: now + 3_600_000))
                    } else {
                        served += 1
                    }
                case .loss(let id):
                    limiter.lost(try #require(routes[id]).route, at: Moment(milliseconds: now))
                    served += 1
                }
            }
        }
        for (index, arrival) in arrivals.enumerated() where index >= 50 {
            #expect(arrival - arrivals[index - 50] > 1000, "51 requests within a second at \(arrival)")
        }
        #expect(early <= 12, "that many were sent before a limit was known: \(early)")
    }

    /// A bridge that is started again sends with the one before it in one second no more than Discord allows.
    @Test func twoProcessesInOneSecondAreWithinTheLimitOfAll() {
        let (now, later) = (Moment(milliseconds: 5_000), Moment(milliseconds: 6_000))
        func sent(_ limiter: inout RateLimiter) -> Int {
            for id in 0..<100 {
                let route = RateRoute(name: "route \(id)", major: "1")
                let deadline = Moment(milliseconds: 100_000)
                _ = limiter.enter(RateLimiter.ID(id), for: route, priority: SendPriority.allCases[0], until: deadline)
            }
            return limiter.turn(at: now).go.count
        }
        var (before, after) = (RateLimiter(), RateLimiter(beginningAt: now))
        let (last, first) = (sent(&before), sent(&after))
        #expect(last > 20 && first > 0 && last + first <= 50, "\(last) and \(first)")
        #expect(after.turn(at: later).go.count > 20)
    }

    @Test func `the higher priority goes first, then who came first`() {
        var limiter = RateLimiter()
        let route = RateRoute(name: "POST", major: "1")
        let order: [(RateLimiter.ID, SendPriority)] = [(1, .log), (2, .card), (3, .answer), (4, .card), (5, .answer)]
        for (id, priority) in order {
            enter(&limiter, id, for: route, priority: priority, until: Moment(milliseconds: 100_000))
        }
        var went: [RateLimiter.ID] = []
        var now = Moment(milliseconds: 0)
        while went.count < 5 {
            let turn = limiter.turn(at: now)
            went += turn.go
            for _ in turn.go {
                var headers = RateHeaders()
                (headers.bucket, headers.limit, headers.remaining, headers.resetAfter) = ("b", 1, 0, 1000)
                limiter.answered(route, status: 200, headers, at: now)
            }
            now = now + 100
        }
        #expect(went == [3, 5, 2, 4, 1])
        #expect(now.milliseconds >= 4000)
    }

    @Test func `whoever would have to wait too long is told at once`() {
        var limiter = RateLimiter()
        let route = RateRoute(name: "POST", major: "1")
        var headers = RateHeaders()
        (headers.retryAfter, headers.scope) = (60_000, .user)
        enter(&limiter, 1, for: route, priority: .card, until: Moment(milliseconds: 10_000))
        let first = limiter.turn(at: Moment(milliseconds: 0))
        #expect(first.go == [1])
        limiter.answered(route, status: 429, headers, at: Moment(milliseconds: 10))
        enter(&limiter, 2, for: route, priority: .card, until: Moment(milliseconds: 10_000))
        let second = limiter.turn(at: Moment(milliseconds: 20))
        #expect(second.refused == [2: 59_990])
        enter(&limiter, 3, for: route, priority: .card, until: Moment(milliseconds: 70_000))
        let third = limiter.turn(at: Moment(milliseconds: 20))
        #expect(third.wake == Moment(milliseconds: 60_010))
        let last = limiter.turn(at: Moment(milliseconds: 60_010))
        #expect(last.go == [3])
    }

    @Test(arguments: [RateHeaders.Scope.user, .all])
    func `after many bad requests none goes, long before Discord shuts the address out`(scope: RateHeaders.Scope) {
        var limiter = RateLimiter()
        var now = Moment(milliseconds: 0)
        var sent = 0
        // A program that is wrong about something, and asks again and again.
        for id in RateLimiter.ID(0)..<5000 {
            let route = RateRoute(name: "GET", major: "\(id)")
            enter(&limiter, id, for: route, priority: .card, until: now + 30)
            let turn = limiter.turn(at: now)
            for _ in turn.go {
                sent += 1
                limiter.answered(route, status: 403, RateHeaders(), at: now)
            }
            now = now + 60
            _ = limiter.turn(at: now)
        }
        #expect(now.milliseconds < 600_000)
        #expect(sent == RateLimiter.badInTenMinutes)
        enter(&limiter, 6000, for: RateRoute(name: "G", major: ""), priority: .card, until: now + 600_000)
        let next = limiter.turn(at: now)
        #expect(next.go.isEmpty)
        let later = limiter.turn(at: now + 599_999)
        #expect(later.go == [6000])
    }

    @Test func `a shared limit counts against nobody`() {
        var limiter = RateLimiter()
        var headers = RateHeaders()
        (headers.scope, headers.retryAfter) = (.shared, 1)
        for _ in 0..<2000 {
            limiter.answered(RateRoute(name: "a", major: ""), status: 429, headers, at: Moment(milliseconds: 0))
        }
        enter(&limiter, 1, for: RateRoute(name: "b", major: ""), priority: .card, until: Moment(milliseconds: 100))
        let turn = limiter.turn(at: Moment(milliseconds: 1))
        #expect(turn.go == [1])
    }

    @Test func `what waits, and what is remembered, is bounded`() {
        var limiter = RateLimiter()
        let now = Moment(milliseconds: 0)
        for id in 0..<RateLimiter.ID(RateLimiter.mostWaiting) {
            enter(&limiter, id, for: RateRoute(name: "a", major: ""), priority: .log, until: now + 10)
        }
        let more = limiter.enter(9999, for: RateRoute(name: "a", major: ""), priority: .answer, until: now + 10)
        #expect(!more)
        let turn = limiter.turn(at: now + 10)
        #expect(turn.refused.count + turn.go.count == RateLimiter.mostWaiting)
        #expect(limiter.waitingCount == 0)
    }

    @Test func `headers are read as they are written, whatever they say`() {
        func headers(_ values: [String: String]) -> RateHeaders { RateHeaders { values[$0] } }
        let all = headers([
            "X-RateLimit-Bucket": "b", "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "4",
            "X-RateLimit-Reset-After": "1.0005",
            "Retry-After": "2", "X-RateLimit-Scope": "shared",
        ])
        #expect((all.bucket, all.limit, all.remaining) == ("b", 5, 4))
        #expect((all.resetAfter, all.retryAfter, all.scope) == (1001, 2000, .shared))
        #expect(headers(["X-RateLimit-Global": "true"]).scope == .all)
        for wrong in ["nan", "-1", "inf", "", "x", "1e400"] {
            #expect(headers(["Retry-After": wrong]).retryAfter == nil, "\(wrong)")
        }
        #expect(headers(["Retry-After": "1e300"]).retryAfter == 86_400_000)
    }
}
