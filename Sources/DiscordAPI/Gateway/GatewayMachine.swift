/// What to do at the gateway: its states, what can happen in each, and what follows. It has no clock and does no I/O; `Gateway` does both for it.
struct GatewayMachine: Sendable {
    /// What happens.
    enum Input: Sendable {
        case start
        /// The answer to `askAddress`.
        case address(GatewayAddress)
        case noAddress(DiscordError)
        /// The connection is there, or could not be made.
        case opened
        case notOpened
        case received(Incoming)
        /// Something came that is not a message of the gateway's.
        case garbled
        /// The answer to `keep`.
        case kept(Bool)
        /// The connection is over, no matter who ended it.
        case closed(code: Int?)
        /// The time is `wake`, or may be.
        case alarm
    }

    /// What must be done, in this order.
    enum Action: Sendable {
        /// `GET /gateway/bot`.
        case askAddress
        case connect(url: String)
        /// Keeps when sessions were begun; the next is not begun before.
        case keep(starts: [Int64])
        case send(Outgoing)
        /// Ends the connection. `closed` has to follow.
        case close(code: Int)
        case deliver(GatewayEvent)
        case fail(GatewayError)
    }

    enum Plan: Hashable, Sendable { case begin, resume }

    enum Phase: Hashable, Sendable {
        case stopped
        /// Until it tries again.
        case waiting(until: Moment)
        case asking
        case opening(Plan)
        /// The server has to greet first.
        case greeting(Plan, until: Moment)
        case keeping
        case beginning(until: Moment)
        case resuming(until: Moment)
        case live
        case closing
        case over
    }

    private struct Session: Sendable {
        var id: String
        var url: String
        /// Of the last event.
        var number: Int64
        /// Attempts to reach its address that failed since the last one that did not.
        var failedOpenings = 0
        /// The number after which one was missing, and how often that was so.
        var gap: (after: Int64, times: Int)?
    }

    private struct Heart: Sendable {
        var interval: Int64
        var next: Moment
        var isUnanswered = false
    }

    private(set) var phase = Phase.stopped
    private var session: Session?
    private var heart: Heart?
    private var budget: StartBudget
    private var sends = SlidingCount(window: 60_000, most: 120)
    /// Connections that came to nothing, since the last that lived for a while.
    private var failures = 0
    private var liveSince: Moment?
    /// No new attempt before this many milliseconds after the close.
    private var pause: Int64 = 0
    /// 0 to 1.
    private let random: @Sendable () -> Double
    /// The wait before the second attempt in a row. It doubles with each.
    private let backoff: Int64

    private static let patience: Int64 = 20_000
    private static let replayPatience: Int64 = 120_000
    private static let steady: Int64 = 60_000
    private static let longestWait: Int64 = 60_000
    /// Sends that are left for what must be sent.
    private static let reserve = 10

    init(starts: [Int64], backoff: Int64 = 1000, random: @escaping @Sendable () -> Double) {
        self.backoff = backoff
        budget = StartBudget(starts: starts)
        self.random = random
    }

    /// When `alarm` is due; nil where something else has to happen first.
    var wake: Moment? {
        let deadline: Moment? =
            switch phase {
            case .waiting(let until), .greeting(_, let until), .beginning(let until), .resuming(let until): until
            case .stopped, .asking, .opening, .keeping, .live, .closing, .over: nil
            }
        guard let beat = heart?.next else { return deadline }
        return min(deadline ?? beat, beat)
    }

    mutating func handle(_ input: Input, at now: Moment, wall: Int64) -> [Action] {
        switch (phase, input) {
        case (.over, _): []
        case (.stopped, .start): proceed(at: now, wall: wall)
        case (.stopped, _): []

        case (.waiting(let until), .alarm): until <= now ? proceed(at: now, wall: wall) : []
        case (.waiting, _): []

        case (.asking, .address(let address)): open(address, at: now)
        case (.asking, .noAddress(.unauthorized)): fail(.unauthorized)
        case (.asking, .noAddress(let error)): retry(at: now, atLeast: Self.wait(in: error))
        case (.asking, _): []

        case (.opening(let plan), .opened): enter(.greeting(plan, until: now + Self.patience))
        case (.opening(let plan), .notOpened): notOpened(plan, at: now)
        case (.opening, _): []

        case (.closing, .closed(let code)): closed(code, at: now)
        case (.closing, _): []

        // All others have a connection.
        case (_, .closed(let code)): closed(code, at: now)
        case (_, .garbled), (_, .received(.reconnect)): comeBack()
        case (_, .received(.invalidSession(let resumable))): invalidSession(resumable)
        case (_, .received(.heartbeatRequest)): beat(at: now, asked: true)
        case (_, .received(.heartbeatTaken)): heartbeatTaken()
        case (_, .alarm): alarm(at: now)

        case (.greeting(let plan, _), .received(.hello(let interval))): greet(plan, interval, at: now, wall: wall)
        case (.greeting, _): []

        case (.keeping, .kept(true)): begin(at: now)
        case (.keeping, .kept(false)): comeBack()
        case (.keeping, _): []

        case (.beginning, .received(.ready(let id, let url, let ready, let number))):
            begun(Session(id: id, url: url, number: number), ready, at: now)
        case (.beginning, _): []

        case (.resuming, .received(.resumed(let number))): resumed(number, at: now)
        case (.resuming, .received(.event(let event, let number))), (.live, .received(.event(let event, let number))):
            take(event, number)
        case (.resuming, _), (.live, _): []
        }
    }

    private mutating func enter(_ next: Phase, _ actions: [Action] = []) -> [Action] {
        phase = next
        return actions
    }

    // Towards a connection

    private mutating func proceed(at now: Moment, wall: Int64) -> [Action] {
        if let session { return enter(.opening(.resume), [.connect(url: session.url)]) }
        let wait = budget.wait(at: wall)
        guard wait == 0 else {
            // Looked at again now and then: the clock of the wall may be set.
            return enter(.waiting(until: now + min(wait, Self.longestWait)))
        }
        return enter(.asking, [.askAddress])
    }

    private mutating func open(_ address: GatewayAddress, at now: Moment) -> [Action] {
        guard address.remaining > 0 else { return retry(at: now, atLeast: max(Self.longestWait, address.resetAfter)) }
        return enter(.opening(.begin), [.connect(url: address.url)])
    }

    private mutating func notOpened(_ plan: Plan, at now: Moment) -> [Action] {
        if plan == .resume {
            session?.failedOpenings += 1
            // The address of the session may be gone while the gateway is there.
            if session.map({ $0.failedOpenings >= 3 }) ?? true { session = nil }
        }
        return retry(at: now)
    }

    // Logging in

    private mutating func greet(_ plan: Plan, _ interval: Int64, at now: Moment, wall: Int64) -> [Action] {
        heart = Heart(interval: interval, next: now + Int64(Double(interval) * random()))
        if plan == .resume, let session {
            self.session?.failedOpenings = 0
            phase = .resuming(until: now + Self.replayPatience)
            return send(.resume(session: session.id, number: session.number), at: now)
        }
        return enter(.keeping, [.keep(starts: budget.count(at: wall))])
    }

    private mutating func begin(at now: Moment) -> [Action] {
        enter(.beginning(until: now + Self.patience), send(.identify, at: now))
    }

    private mutating func begun(_ session: Session, _ ready: GatewayEvent.Ready, at now: Moment) -> [Action] {
        self.session = session
        liveSince = now
        return enter(.live, [.deliver(.ready(ready))])
    }

    private mutating func resumed(_ number: Int64, at now: Moment) -> [Action] {
        session.map { session?.number = max($0.number, number) }
        liveSince = now
        return enter(.live, [.deliver(.resumed)])
    }

    /// Each event once, in order. Where a number is missing, resuming brings it; where it does not, there is none.
    private mutating func take(_ event: GatewayEvent, _ number: Int64) -> [Action] {
        guard let session, number > session.number else { return [] }
        if number > session.number + 1, phase == .live, session.gap.map({ $0.after != session.number && $0.times < 3 }) ?? true
        {
            self.session?.gap = (session.number, (session.gap?.times ?? 0) + 1)
            return comeBack()
        }
        self.session?.number = number
        return [.deliver(event)]
    }

    // The heartbeat

    private mutating func beat(at now: Moment, asked: Bool) -> [Action] {
        if asked, heart == nil || sends.left(at: now) <= Self.reserve { return [] }
        return send(.heartbeat(number: session?.number), at: now)
    }

    private mutating func heartbeatTaken() -> [Action] {
        heart?.isUnanswered = false
        return []
    }

    private mutating func alarm(at now: Moment) -> [Action] {
        switch phase {
        case .greeting(_, let until), .beginning(let until), .resuming(let until):
            if until <= now { return comeBack() }
        default: break
        }
        guard var heart, heart.next <= now else { return [] }
        // Nobody is there any more, whatever the connection looks like.
        if heart.isUnanswered { return comeBack() }
        heart.isUnanswered = true
        heart.next = now + heart.interval
        self.heart = heart
        return beat(at: now, asked: false)
    }

    private mutating func send(_ payload: Outgoing, at now: Moment) -> [Action] {
        sends.count(at: now)
        return [.send(payload)]
    }

    // Away from a connection

    private mutating func comeBack() -> [Action] {
        heart = nil
        return enter(.closing, [.close(code: OwnClose.comingBack)])
    }

    private mutating func invalidSession(_ resumable: Bool) -> [Action] {
        if !resumable { session = nil }
        pause = 1000 + Int64(4000 * random())
        return comeBack()
    }

    private mutating func closed(_ code: Int?, at now: Moment) -> [Action] {
        heart = nil
        switch CloseMeaning(code: code) {
        case .fail(let error): return fail(error)
        case .begin: session = nil
        case .resume: break
        }
        if let liveSince, now - liveSince >= Self.steady { failures = 0 }
        liveSince = nil
        defer { pause = 0 }
        return retry(at: now, atLeast: pause)
    }

    private mutating func retry(at now: Moment, atLeast least: Int64 = 0) -> [Action] {
        let longest = min(Self.longestWait, backoff << Int64(min(failures, 6)))
        // The first attempt is soon: mostly it is a server that is shut down, and another takes over.
        let wait = failures == 0 ? Int64(Double(backoff / 2) * random()) : longest / 2 + Int64(Double(longest / 2) * random())
        failures += 1
        return enter(.waiting(until: now + max(least, wait)))
    }

    private mutating func fail(_ error: GatewayError) -> [Action] {
        heart = nil
        return enter(.over, [.fail(error)])
    }

    private static func wait(in error: DiscordError) -> Int64 {
        if case .limited(let wait) = error { wait } else { 0 }
    }
}
