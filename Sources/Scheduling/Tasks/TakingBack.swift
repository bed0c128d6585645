import OrchProtocol

/// What is shown as queued can be changed, also where it has been ordered ahead of a free slot: it is taken back first. Whether it still
/// could be, the supervisor decides; until it has said so, the request waits and the turns continue.
struct WaitingChange: Sendable {
    let command: Command
    let requester: Requester
    let reply: ReplyToken
    /// All that the request is for. None of them is dispatched meanwhile: what has come back must not go again.
    let tasks: Set<Int64>
    /// Those of them that were ordered, and whose answer is awaited.
    let ordered: Set<Int64>
    /// Their attempts, as far as nothing is known of them yet.
    var attempts: Set<Int64>
    /// Until when it waits, on the monotonic clock.
    let deadline: Int64
}

extension SchedulerState {
    /// Milliseconds that a request waits for the supervisor, which answers within a turn where it is there.
    static let takingBackTime: Int64 = 10_000
}

extension Turn {
    /// The attempt of a task that has not ended. Tasks that are queued or final need no look at it.
    func liveAttempt(of task: TaskItem) throws -> Attempt? {
        task.phase == .active ? try store.liveAttempt(of: task.id) : nil
    }

    /// Refuses to change a task that is not queued.
    ///
    /// - Parameter rule: as in "only a queued task can be held".
    func requireQueued(_ task: TaskItem, _ attempt: Attempt?, _ rule: String) throws(WireError) {
        if task.phase.isQueued { return }
        if let attempt, attempt.isOrdered, attempt.stopping == nil { return }
        var what = task.standing(attempt)
        if resumed?.ordered.contains(task.id) ?? false {
            switch task.phase {
            case .active where what == "is running": what = "has just started"
            case .succeeded, .failed: what = "has just started, and \(what)"
            default: break
            }
        }
        throw WireError(.invalidState, "task \(task.id) \(what); \(rule)")
    }

    /// Whether some of the tasks that somebody wants to change have been ordered ahead.
    func needsTakingBack(_ tasks: [(task: TaskItem, attempt: Attempt?)]) -> Bool {
        tasks.contains { $0.attempt?.isOrdered ?? false }
    }

    /// Takes back what has been ordered of these tasks. The request is taken again, and answered, when the supervisor has decided.
    mutating func takeBack(
        _ tasks: [(task: TaskItem, attempt: Attempt?)], for command: Command, by requester: Requester, reply: ReplyToken
    ) {
        let ordered = tasks.compactMap(\.attempt).filter(\.isOrdered)
        assert(!ordered.isEmpty, "a request waits for nothing to be taken back")
        // A supervisor that comes later is told by `reconcile`.
        if state.isConnected { effects += ordered.map { .revoke(attempt: $0.id) } }
        state.waitingChanges.append(
            WaitingChange(
                command: command, requester: requester, reply: reply, tasks: Set(tasks.map(\.task.id)),
                ordered: Set(ordered.map(\.task)), attempts: Set(ordered.map(\.id)),
                deadline: resumed?.deadline ?? now.monotonic + SchedulerState.takingBackTime))
    }

    /// Takes the requests again whose tasks have come back, have started, or have ended.
    mutating func goOnWithChanges() throws {
        guard !state.waitingChanges.isEmpty else { return }
        let waiting = state.waitingChanges
        state.waitingChanges = []
        for var change in waiting {
            change.attempts = try change.attempts.filter { try store.attempt($0)?.isOrdered ?? false }
            if change.attempts.isEmpty {
                assert(resumed == nil)
                resumed = change
                defer { resumed = nil }
                try take(change.command, by: change.requester, reply: change.reply)
            } else if now.monotonic < change.deadline {
                state.waitingChanges.append(change)
            } else {
                effects.append(.reply(change.reply, .failed(Self.unanswered(change))))
            }
        }
        if let next = state.waitingChanges.map(\.deadline).min() { wake(atMonotonic: next) }
    }

    private static func unanswered(_ change: WaitingChange) -> WireError {
        let task = change.ordered.min() ?? 0
        return WireError(
            .tooBusy,
            "the supervisor has task \(task) and has not said whether it has started; nothing was changed; see `orchctl status`"
        )
    }

    /// Whether somebody waits for this attempt to be taken back.
    func isAwaited(_ attempt: Attempt) -> Bool {
        state.waitingChanges.contains { $0.attempts.contains(attempt.id) }
    }

    /// The ready tasks of a lane that may go: those that somebody is about to change stay.
    func ready(in pool: String, lane: String, limit: Int) throws -> [TaskItem] {
        try free(limit: limit) { try store.ready(in: pool, lane: lane, limit: $0) }
    }

    /// Of what a look at the store finds, up to a number, those that may go.
    func free(limit: Int, _ look: (Int) throws -> [TaskItem]) throws -> [TaskItem] {
        // Thousands may be kept, which mostly are not those that come first.
        var count = limit
        while true {
            let tasks = try look(count)
            let free = tasks.filter { !state.keptBack.contains($0.id) }
            if free.count >= limit || tasks.count < count { return Array(free.prefix(limit)) }
            count = min(2 * count, limit + state.keptBack.count)
        }
    }
}

extension TaskItem {
    /// Where it stands, as in "task 7 …", in the words of lists. What its pool makes it wait for is not looked at: it is queued all the same.
    ///
    /// - Parameter attempt: the one that has not ended.
    func standing(_ attempt: Attempt?) -> String {
        switch phase {
        case .ready: return "is queued"
        case .delayed: return "is delayed"
        case .held: return "is held"
        case .succeeded: return "has succeeded"
        case .failed: return "has failed"
        case .cancelled: return "was cancelled"
        case .expired: return "has expired"
        case .active: break
        }
        guard let attempt else { return "is running" }
        if attempt.stopping != nil { return "is being stopped" }
        if attempt.isRouting { return "is being routed" }
        if attempt.isOrdered { return "is queued" }
        return attempt.pauses?.isPaused ?? false ? "is paused" : "is running"
    }
}
