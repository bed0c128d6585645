import OrchProtocol

/// Pausing tasks. A running task keeps its slot, and its timeouts do not run. A queued task is held.
extension Turn {
    /// Stops the processes of tasks where they are, and keeps queued ones from starting. All of the tasks, or none.
    mutating func pause(_ selection: TaskSelection, by requester: Requester) throws -> Answer {
        let named = try fitting(selectLive(selection, by: requester), selection) { task, attempt in
            if try isPausable(task, attempt, toBe: "paused") { return }
            try requireQueued(task, attempt, "only a queued or running task can be paused")
        }
        let tasks = try named + below(named).filter { $0.task.isPausable($0.attempt) }
        if needsTakingBack(tasks) { return .afterTakingBack(tasks) }
        return .changed(
            try tasks.map { task, attempt in
                if let attempt { try setPaused(true, task, attempt) } else { try hold(task) }
            })
    }

    /// Lets them continue.
    mutating func resume(_ selection: TaskSelection, by requester: Requester) throws -> Answer {
        let named = try fitting(selectLive(selection, by: requester), selection) { task, attempt in
            if try isPausable(task, attempt, toBe: "resumed") { return }
            try requireQueued(task, attempt, "only a paused or held task can be resumed")
        }
        let tasks = try named + below(named).filter { $0.task.isPausable($0.attempt) }
        return .changed(
            try tasks.map { task, attempt in
                if let attempt, !attempt.isOrdered { try setPaused(false, task, attempt) } else { try release(task) }
            })
    }

    private mutating func setPaused(_ isPause: Bool, _ task: TaskItem, _ attempt: Attempt) throws -> TasksChanged.Entry {
        guard let move = try step(attempt, on: isPause ? .pause : .resume) else {
            return TasksChanged.Entry(id: task.id, state: .running, unchanged: true)
        }
        assert(move.actions == (isPause ? .freeze : .thaw))
        var attempt = attempt
        var pauses = attempt.pauses ?? Pauses()
        if isPause { pauses.begin(now) } else { pauses.end(now) }
        pauses.waits?.settle(at: now.monotonic)
        if !isPause, state.waiting.cause(of: task.id) == .answer { pauses.waits?.since = now.monotonic }
        attempt.pauses = pauses
        attempt.wakeAt = firstWake(of: task, attempt)
        try store.update(attempt, from: attempt.state)
        effects.append(.freeze(attempt: attempt.id, isPause))
        event(isPause ? .taskPaused : .taskResumed, of: task, attempt: attempt)
        return TasksChanged.Entry(id: task.id, state: .running)
    }

    /// Whether it has processes of its own. Throws where it has, and is just getting or losing them.
    private func isPausable(_ task: TaskItem, _ attempt: Attempt?, toBe done: String) throws(WireError) -> Bool {
        guard let attempt, !attempt.isOrdered, !attempt.isRouting else { return false }
        guard attempt.standing?.step(on: .pause) != .refused else {
            throw WireError(.invalidState, "task \(task.id) is starting or ending, and cannot be \(done)")
        }
        return true
    }
}

/// When an attempt has been paused. All times are milliseconds; the clock is the monotonic one, except for `sinceWall`.
public struct Pauses: Sendable, Equatable, Codable {
    /// Since when it is paused; nil while it runs.
    public var since: Int64?
    public var sinceWall: Int64?
    /// How long it has been before, in all.
    public var total: Int64 = 0
    /// When it last went on.
    public var ended: Int64?
    /// What it has waited at its door, where it has.
    public var waits: Waits?

    public init() {}

    public var isPaused: Bool { since != nil }

    mutating func begin(_ now: Now) {
        assert(!isPaused, "it is paused already")
        (since, sinceWall) = (now.monotonic, now.wall)
    }

    mutating func end(_ now: Now) {
        assert(isPaused, "it is not paused")
        if let since { total += max(0, now.monotonic - since) }
        (since, sinceWall, ended) = (nil, nil, now.monotonic)
    }
}
