import OrchProtocol

/// Decides what happens next. It touches nothing but the transaction it is handed, reads no clock and draws no random numbers:
/// the same inputs on the same store give the same effects.
///
/// Its methods are where their subject is: commands in `Tasks` and `Pools`, reports in `Attempts` and `Workers`, and so on.
struct Turn<Store: TaskTransaction> {
    var state: SchedulerState
    let store: Store
    let now: Now

    var effects: [Effect] = []
    var launches: [Effect] = []
    private var events: [Event] = []
    /// For each pool that got ready tasks in this turn, the highest priority among them.
    private(set) var newPriority: [String: Int] = [:]
    /// There was more to do than one turn does.
    var isUnfinished = false
    /// The request that is taken again, now that its tasks have been taken back or have started.
    var resumed: WaitingChange?
    private var wakeWall: Int64?
    private var wakeMonotonic: Int64?

    init(_ state: SchedulerState, in store: Store, now: Now) {
        self.state = state
        self.store = store
        self.now = now
    }

    mutating func run(_ inputs: [Input], cycle: Double) throws -> TurnResult {
        let before = gateStates()
        for input in inputs { try take(input) }
        try wakeGates()
        try wakeTasks()
        try wakeAttempts()
        try wakeWorkers()
        try goOnWithChanges()
        try noteOpened(since: before)
        try dispatch(cycle: cycle)
        return try result()
    }

    private mutating func take(_ input: Input) throws {
        switch input {
        case .command(let command, let requester, let reply): try take(command, by: requester, reply: reply)
        case .cancelMore(let pool, let after, let count, let requester, let reply):
            try answer(reply, to: requester) { try $0.cancelMany(in: pool, after: after, count: count, by: requester) }
        case .ruled(let rules):
            state.rules = rules
            try checkBudgets()
        case .configured(let pools): try configure(pools)
        case .reclassify(let id, let number): try reclassify(after: id, by: number)
        case .announced(let kind, let detail, let reply):
            event(kind) { $0.detail = detail }
            if let reply { effects.append(.reply(reply, .done(detail ?? ""))) }
        case .connected(let inventory): try reconcile(inventory)
        case .disconnected: disconnect()
        case .connectionHolds: if state.isConnected { announce() }
        case .started(let start): try noteStart(start)
        case .ended(let end): try noteEnd(end)
        case .revoked(let attempt, let accepted): try noteRevoked(attempt, accepted: accepted)
        case .worker(let id, let news, let bytes):
            try receive(news, from: id)
            effects.append(.received(worker: id, bytes: bytes))
        case .outputSeen(let attempt, let monotonic): try noteOutput(attempt, at: monotonic)
        case .outputLimitReached(let attempt): try stop(attempt, because: .outputLimit)
        case .resultSeen(let attempt): try stop(attempt, because: .finished)
        case .clockStepped(let step):
            try store.shiftRelativeDueTimes(by: step)
            try shiftGates(by: step)
            try shiftAttempts(by: step)
            try checkBudgets()
        case .retire(let before, let keep): try retire(before: before, keep: keep)
        }
    }

    // MARK: Commands

    mutating func take(_ command: Command, by requester: Requester, reply: ReplyToken) throws {
        try answer(reply, to: requester, again: command) { try $0.perform(command, by: requester) }
    }

    /// A command is checked in full before its first write, so that one that is refused leaves nothing behind in the transaction,
    /// which it shares with others.
    private mutating func perform(_ command: Command, by requester: Requester) throws -> Answer {
        switch command {
        case .submit(let submission, let unusable): try submit(submission, unusable: unusable, by: requester)
        case .update(let parameters): try update(parameters, by: requester)
        case .cancel(let parameters): try cancel(parameters, by: requester)
        case .retry(let ids): try retry(ids, by: requester)
        case .hold(let ids): try hold(ids, by: requester)
        case .release(let ids): try release(ids, by: requester)
        case .pause(let ids): try pause(ids, by: requester)
        case .resume(let ids): try resume(ids, by: requester)
        case .pausePool(let name): try setMode(.paused, of: name, by: requester)
        case .resumePool(let name): try setMode(.active, of: name, by: requester)
        case .drainPool(let name): try setMode(.draining, of: name, by: requester)
        case .resizePool(let name, let slots): try resize(name, slots: slots, by: requester)
        case .resumeAgent(let name): try resumeAgent(name, by: requester)
        case .drain: try drain(by: requester)
        case .shutdown: try shutdown(by: requester)
        }
    }

    /// Every request gets its answer here, and only here: at once, or when another turn has it.
    ///
    /// - Parameter command: the request, to be taken again if its tasks must be taken back first.
    private mutating func answer(
        _ reply: ReplyToken, to requester: Requester, again command: Command? = nil,
        _ perform: (inout Self) throws -> Answer
    ) throws {
        do {
            switch try perform(&self) {
            case .now(let answer): effects.append(.reply(reply, answer))
            case .afterTakingBack(let tasks):
                guard let command else { return assertionFailure("only a command waits for tasks to be taken back") }
                takeBack(tasks, for: command, by: requester, reply: reply)
            case .afterRest(let pool, let last, let count):
                effects.append(.again(.cancelMore(pool: pool, after: last, count: count, by: requester, reply: reply)))
            }
        } catch let error as WireError {
            effects.append(.reply(reply, .failed(error)))
        }
    }

    // MARK: What the turn leaves

    mutating func noteReady(_ task: TaskItem) {
        newPriority[task.pool] = max(newPriority[task.pool] ?? .min, task.priority)
    }

    /// A turn is due for something that no row tells of, on the real-time clock.
    mutating func wake(atWall time: Int64) { wakeWall = min(wakeWall ?? .max, time) }

    /// The same on the monotonic clock.
    mutating func wake(atMonotonic time: Int64) { wakeMonotonic = min(wakeMonotonic ?? .max, time) }

    /// Lets the supervisor end an attempt or a worker. One that comes later is told by `reconcile`, once it has said what it has.
    mutating func orderStop(_ id: Int64, in pool: String) {
        if state.isConnected { effects.append(.stop(attempt: id, grace: grace(of: pool))) }
    }

    func grace(of pool: String) -> Int64 {
        state.settings[pool]?.grace ?? PoolSettings.defaultGrace
    }

    mutating func event(_ kind: Event.Kind, _ fill: (inout Event) -> Void = { _ in }) {
        var event = Event(at: Timestamp(milliseconds: now.wall), kind: kind)
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
    mutating func result() throws -> TurnResult {
        var result = TurnResult()
        if !events.isEmpty {
            let first = try store.append(events)
            for index in events.indices { events[index].seq = first + Int64(index) }
        }
        result.effects = effects + launches
        if !events.isEmpty { result.effects.append(.publish(events)) }
        result.nextWall = isUnfinished ? now.wall : [try nextWallTime(), wakeWall].compactMap(\.self).min()
        result.nextMonotonic =
            isUnfinished ? now.monotonic : [try store.nextMonotonicTime(), wakeMonotonic].compactMap(\.self).min()
        return result
    }

    private func nextWallTime() throws -> Int64? {
        let next = try store.nextWallTime()
        return store.gates.isEmpty ? next : store.gates.values.reduce(next) { min($0 ?? .max, $1.until ?? .max) }
    }
}

/// What a command comes to.
enum Answer {
    case now(Reply)
    /// The request is taken again when the supervisor has said of each of these tasks that was ordered ahead whether it has started.
    case afterTakingBack([(task: TaskItem, attempt: Attempt?)])
    /// A cancellation that is too large for one turn goes on with the tasks after this one.
    case afterRest(pool: String?, last: Int64, count: Int)

    static func changed(_ tasks: [TasksChanged.Entry], count: Int? = nil) -> Self {
        .now(.changed(TasksChanged(tasks: tasks, count: count)))
    }
}
