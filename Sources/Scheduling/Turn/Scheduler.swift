import OrchProtocol

/// Decides what happens next. It touches nothing but the transaction it is handed, reads no clock and draws no random numbers:
/// the same inputs on the same store give the same effects.
///
/// Everything that must outlive the engine is in the store. What is kept here is what a new engine learns again at once: the
/// configuration, whether the supervisor is there, and how fast the pools have been lately.
public struct Scheduler: Sendable {
    /// How many rows of a kind one turn moves at most; what is left is for the next, which follows at once.
    static let stride = 2_000

    public struct Limits: Sendable, Equatable {
        /// How many tasks may be queued.
        public var queued: Int
        public init(queued: Int = 2_000_000) { self.queued = queued }
    }

    var settings: [String: PoolSettings] = [:]
    var rules = Rules()
    var limits: Limits
    var runAhead: [String: RunAhead] = [:]
    var isConnected = false
    /// Whether the events say that the supervisor is there.
    var isAnnounced = false
    public internal(set) var isDraining = false
    /// What still starts is to be ended.
    var isStopping = false
    /// Requests that wait for tasks to be taken back.
    var waitingChanges: [WaitingChange] = [] {
        didSet { keptBack = waitingChanges.reduce(into: []) { $0.formUnion($1.tasks) } }
    }
    /// The tasks of these, none of which is dispatched.
    private(set) var keptBack: Set<Int64> = []

    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Takes everything that happened since the last turn.
    ///
    /// - Parameters:
    ///   - cycle: how many milliseconds pass from the end of an attempt to the arrival of what is launched in its place, lately.
    /// - Throws: what the transaction throws. The turn has then had no effect, but for what is learnt again at once: it may be
    ///   repeated with the same inputs or with fewer.
    public mutating func turn(
        _ inputs: [Input], in store: some TaskTransaction, now: Now, cycle: Double = 0
    ) throws -> Turn {
        var work = TurnWork(store: store, now: now)
        let before = gateStates(in: store)
        for input in inputs { try take(input, &work) }
        try wakeGates(&work)
        try wakeTasks(&work)
        try wakeAttempts(&work)
        try wakeWorkers(&work)
        try goOnWithChanges(&work)
        try noteOpened(since: before, &work)
        try dispatch(&work, cycle: cycle)
        return try work.finish()
    }

    private mutating func take(_ input: Input, _ work: inout TurnWork<some TaskTransaction>) throws {
        switch input {
        case .command(let command, let requester, let reply):
            do {
                try take(command, by: requester, reply: reply, &work)
            } catch let error as WireError {
                work.effects.append(.reply(reply, .failed(error)))
            }
        case .cancelMore(let pool, let after, let count, let requester, let reply):
            try cancelMany(in: pool, after: after, count: count, by: requester, reply: reply, &work)
        case .ruled(let rules):
            self.rules = rules
            try checkBudgets(&work)
        case .configured(let pools): try configure(pools, &work)
        case .reclassify(let id, let number): try reclassify(after: id, by: number, &work)
        case .announced(let kind, let detail, let reply):
            work.event(kind) { $0.detail = detail }
            if let reply { work.effects.append(.reply(reply, .done(detail ?? ""))) }
        case .connected(let inventory): try reconcile(inventory, &work)
        case .disconnected: disconnect(&work)
        case .connectionHolds: if isConnected { announce(&work) }
        case .started(let start): try noteStart(start, &work)
        case .ended(let end): try noteEnd(end, &work)
        case .revoked(let attempt, let accepted): try noteRevoked(attempt, accepted: accepted, &work)
        case .worker(let id, let news, let bytes):
            try receive(news, from: id, &work)
            work.effects.append(.received(worker: id, bytes: bytes))
        case .outputSeen(let attempt, let monotonic): try noteOutput(attempt, at: monotonic, &work)
        case .outputLimitReached(let attempt): try stop(attempt, because: .outputLimit, &work)
        case .resultSeen(let attempt): try stop(attempt, because: .finished, &work)
        case .clockStepped(let step):
            try work.store.shiftRelativeDueTimes(by: step)
            try shiftGates(by: step, &work)
            try shiftAttempts(by: step, &work)
            try checkBudgets(&work)
        case .retire(let before, let keep): try retire(before: before, keep: keep, &work)
        }
    }

    /// A command is checked in full before its first write, so that one that is refused leaves nothing behind in the transaction,
    /// which it shares with others.
    mutating func take(
        _ command: Command, by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        switch command {
        case .submit(let submission, let unusable):
            try submit(submission, unusable: unusable, by: requester, reply: reply, &work)
        case .update(let parameters): try update(parameters, by: requester, reply: reply, &work)
        case .cancel(let parameters): try cancel(parameters, by: requester, reply: reply, &work)
        case .retry(let ids): try retry(ids, by: requester, reply: reply, &work)
        case .hold(let ids): try hold(ids, by: requester, reply: reply, &work)
        case .release(let ids): try release(ids, by: requester, reply: reply, &work)
        case .pause(let ids): try pause(ids, by: requester, reply: reply, &work)
        case .resume(let ids): try resume(ids, by: requester, reply: reply, &work)
        case .pausePool(let name): try setMode(.paused, of: name, by: requester, reply: reply, &work)
        case .resumePool(let name): try setMode(.active, of: name, by: requester, reply: reply, &work)
        case .drainPool(let name): try setMode(.draining, of: name, by: requester, reply: reply, &work)
        case .resizePool(let name, let slots): try resize(name, slots: slots, by: requester, reply: reply, &work)
        case .resumeAgent(let name): try resumeAgent(name, by: requester, reply: reply, &work)
        case .drain: try drain(by: requester, reply: reply, &work)
        case .shutdown: try shutdown(by: requester, reply: reply, &work)
        }
    }
}

/// What a turn gathers on its way.
struct TurnWork<Store: TaskTransaction> {
    let store: Store
    let now: Now
    var effects: [Effect] = []
    var events: [Event] = []
    var launches: [Effect] = []
    /// For each pool that got ready tasks in this turn, the highest priority among them.
    var newPriority: [String: Int] = [:]
    /// There was more to do than one turn does.
    var isUnfinished = false
    /// The request that is taken again, now that its tasks have been taken back or have started.
    var resumed: WaitingChange?
    /// When a turn is due for something that no row tells of, on the real-time clock.
    var wakeWall: Int64?
    /// The same on the monotonic clock.
    var wakeMonotonic: Int64?

    init(store: Store, now: Now) {
        self.store = store
        self.now = now
    }

    var time: Timestamp { Timestamp(milliseconds: now.wall) }

    mutating func noteReady(_ task: TaskItem) {
        newPriority[task.pool] = max(newPriority[task.pool] ?? .min, task.priority)
    }

    mutating func event(_ kind: Event.Kind, _ fill: (inout Event) -> Void) {
        var event = Event(at: time, kind: kind)
        fill(&event)
        events.append(event)
    }

    mutating func event(_ kind: Event.Kind, of worker: Worker, detail: String?) {
        event(kind) {
            $0.pool = worker.pool
            $0.pid = worker.pid
            $0.worker = worker.slot.map { "\(worker.pool)/\($0)" }
            $0.detail = detail
        }
    }

    mutating func event(_ kind: Event.Kind, of task: TaskItem, attempt: Attempt? = nil, detail: String? = nil) {
        event(kind) {
            $0.task = task.id
            $0.pool = task.pool
            $0.submitter = task.definition.submitter
            $0.state = task.phase.state(isOrdered: attempt?.isOrdered ?? false)
            $0.detail = detail
            guard let attempt else { return }
            $0.attempt = attempt.number
            $0.pid = attempt.pid
            $0.worker = attempt.slot.map { "\(attempt.pool)/\($0)" }
            $0.outcome = attempt.outcome
            $0.usage = attempt.usage
        }
    }

    /// Numbers the events, and puts the effects in the order in which they may be carried out: answers and orders first, since
    /// slots must be known before launches, and news last.
    mutating func finish() throws -> Turn {
        var turn = Turn()
        if !events.isEmpty {
            let first = try store.append(events)
            for index in events.indices { events[index].seq = first + Int64(index) }
        }
        turn.effects = effects + launches
        if !events.isEmpty { turn.effects.append(.publish(events)) }
        turn.nextWall = isUnfinished ? now.wall : [try nextWallTime(), wakeWall].compactMap(\.self).min()
        turn.nextMonotonic =
            isUnfinished ? now.monotonic : [try store.nextMonotonicTime(), wakeMonotonic].compactMap(\.self).min()
        return turn
    }

    private func nextWallTime() throws -> Int64? {
        let next = try store.nextWallTime()
        return store.gates.isEmpty ? next : store.gates.values.reduce(next) { min($0 ?? .max, $1.until ?? .max) }
    }
}
