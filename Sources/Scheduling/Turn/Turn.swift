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
    /// The orders that this turn takes back to make room for what is waited for.
    var takenBack: Set<Int64> = []
    private var events: [Event] = []
    /// For each pool that got ready tasks in this turn, the highest priority among them.
    private(set) var newPriority: [String: Int] = [:]
    var problems: [Problem] = []
    /// There was more to do than one turn does.
    var isUnfinished = false
    /// Whose request is carried out, where it is about what is there already.
    private var actor: Principal?
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
        try wakeQuestions()
        try wakeAttempts()
        try wakeWorkers()
        try goOnWithChanges()
        try endTrees()
        try noteOpened(since: before)
        try dispatch(cycle: cycle)
        return try result()
    }

    private mutating func take(_ input: Input) throws {
        switch input {
        case .command(let command, let requester, let reply): try take(command, by: requester, reply: reply)
        case .continued(let command, let rest, let requester, let reply):
            try answer(reply, to: command, by: requester) { turn in
                switch rest {
                case .cancel(let after, let count):
                    let pool = command.call[.cancel]?.pool
                    return try turn.cancelMany(in: pool, after: after, count: count, by: requester)
                case .remove(let ids, let done): return try turn.removeMore(ids, done: done)
                }
            }
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
        case .outputSeen(let attempt, let last, let lookedAt): try noteOutput(attempt, last: last, lookedAt: lookedAt)
        case .outputLimitReached(let attempt): try stop(attempt, because: .outputLimit)
        case .resultSeen(let attempt): try stop(attempt, because: .finished)
        case .waits(let task, let attempt, let cause, let change):
            try noteWait(task, attempt: attempt, for: cause, change: change)
        case .clockStepped(let step):
            try store.shiftRelativeDueTimes(by: step)
            if store.hasOpenQuestions { try store.shiftQuestions(by: step) }
            try shiftGates(by: step)
            try shiftAttempts(by: step)
            try checkBudgets()
        case .retire(let before, let keep): try retire(before: before, keep: keep)
        }
    }

    // MARK: Commands

    mutating func take(_ command: Command, by requester: Requester, reply: ReplyToken) throws {
        let asker: Requester
        do throws(WireError) { asker = try requester.admitted(to: command.call) } catch {
            return effects.append(.reply(reply, .failed(error)))
        }
        try answer(reply, to: command, by: asker) { turn in
            if let known = try turn.knownReply(to: command.call, by: asker) { return .asBefore(known) }
            return try turn.perform(command, by: asker)
        }
    }

    /// Where each method that changes something is carried out.
    ///
    /// It is checked in full before its first write, so that one that is refused leaves nothing behind in the transaction, which it shares
    /// with others.
    private mutating func perform(_ command: Command, by requester: Requester) throws -> Answer {
        let call = command.call
        if let it = call[.submit] { return try submit(it, unusable: command.unusable, by: requester) }
        if let it = call[.update] { return try update(it, by: requester) }
        if let it = call[.cancel] { return try cancel(it, by: requester) }
        if let it = call[.retry] { return try retry(it, by: requester) }
        if let it = call[.hold] { return try hold(it, by: requester) }
        if let it = call[.release] { return try release(it, by: requester) }
        if let it = call[.pause] { return try pause(it, by: requester) }
        if let it = call[.resume] { return try resume(it, by: requester) }
        if let it = call[.remove] { return try remove(it, by: requester) }
        if let it = call[.ask] { return try ask(it, by: requester) }
        if let it = call[.answer] { return try self.answer(it, by: requester) }
        if let it = call[.poolPause] { return try setMode(.paused, of: it.pool) }
        if let it = call[.poolResume] { return try setMode(.active, of: it.pool) }
        if let it = call[.poolDrain] { return try setMode(.draining, of: it.pool) }
        if let it = call[.poolResize] { return try resize(it.pool, slots: it.slots) }
        if let it = call[.agentResume] { return try resumeAgent(it.agent, by: requester) }
        if let it = call[.stop] { return try it.now == true ? shutdown() : drain() }
        if call[.drain] != nil { return try drain() }
        assertionFailure("\(call.method.name) is not carried out by a turn")
        throw WireError(.internalError, "\(call.method.name) is not carried out by a turn")
    }

    /// Every request gets its answer here, and only here: at once, or when another turn has it.
    private mutating func answer(
        _ reply: ReplyToken, to command: Command, by requester: Requester, _ perform: (inout Self) throws -> Answer
    ) throws {
        actor = command.call[.submit] == nil ? requester.principal : nil
        defer { actor = nil }
        do {
            switch try perform(&self) {
            case .now(let answer):
                try keep(answer, to: command.call, by: requester)
                effects.append(.reply(reply, answer))
            case .asBefore(let answer): effects.append(.reply(reply, answer))
            case .afterTakingBack(let tasks): takeBack(tasks, for: command, by: requester, reply: reply)
            case .afterRest(let rest): effects.append(.again(.continued(command, rest, by: requester, reply: reply)))
            }
        } catch let error as WireError {
            effects.append(.reply(reply, .failed(error)))
        }
    }

    // MARK: What the turn leaves

    mutating func noteReady(_ task: TaskItem) {
        newPriority[task.pool] = max(newPriority[task.pool] ?? .min, task.priority)
    }

    /// When a turn is due for something that is in no row, on the real-time clock.
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
        event.by = actor?.description
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
            $0.subject = task.definition.subject
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
        result.problems = problems
        if !events.isEmpty {
            let first = try store.append(events)
            for index in events.indices { events[index].seq = first + Int64(index) }
        }
        Swift.assert(areLaunchesInOrder, "the supervisor is to hear of attempts in their order")
        result.effects = effects + launches
        if !events.isEmpty { result.effects.append(.publish(events)) }
        result.nextWall = isUnfinished ? now.wall : [try nextWallTime(), wakeWall].compactMap(\.self).min()
        result.nextMonotonic =
            isUnfinished ? now.monotonic : [try store.nextMonotonicTime(), wakeMonotonic].compactMap(\.self).min()
        return result
    }

    private var areLaunchesInOrder: Bool {
        let launched = launches.compactMap(\.launched)
        return zip(launched, launched.dropFirst()).allSatisfy(<)
    }

    private func nextWallTime() throws -> Int64? {
        let next = try store.nextWallTime()
        return store.gates.isEmpty ? next : store.gates.values.reduce(next) { min($0 ?? .max, $1.until ?? .max) }
    }
}

/// What a command comes to.
enum Answer {
    case now(Reply)
    /// The request has come before, with its key.
    case asBefore(Reply)
    /// The request is taken again when the supervisor has said of each of these tasks that was ordered ahead whether it has started.
    case afterTakingBack([(task: TaskItem, attempt: Attempt?)])
    /// What is too large for one turn continues with this.
    case afterRest(Rest)

    static func changed(_ tasks: [TasksChanged.Entry], count: Int? = nil) -> Self {
        .now(.changed(TasksChanged(tasks: tasks, count: count)))
    }
}
