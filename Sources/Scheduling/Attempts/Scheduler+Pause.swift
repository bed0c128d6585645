import OrchProtocol

/// Tasks that stand still for a while. One that runs keeps its slot, and its timeouts stand still with it; one that is queued is held.
extension Scheduler {
    /// Stops the processes of tasks where they are, and keeps queued ones from starting. All of the tasks, or none.
    mutating func pause(
        _ ids: [Int64], by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let tasks = try select(ids, by: requester, in: work.store).map { ($0, try liveAttempt(of: $0, in: work.store)) }
        for (task, attempt) in tasks {
            if try isPausable(task, attempt, toBe: "paused") { continue }
            try requireQueued(task, attempt, "only a queued or running task can be paused", work)
        }
        if waits(for: tasks, toTake: .pause(ids), by: requester, reply: reply, &work) { return }
        var entries: [TasksChanged.Entry] = []
        for (task, attempt) in tasks {
            guard let attempt else {
                entries.append(try hold(task, &work))
                continue
            }
            entries.append(try setPaused(true, task, attempt, &work))
        }
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
    }

    /// Lets them go on.
    func resume(
        _ ids: [Int64], by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let tasks = try select(ids, by: requester, in: work.store).map { ($0, try liveAttempt(of: $0, in: work.store)) }
        for (task, attempt) in tasks {
            if try isPausable(task, attempt, toBe: "resumed") { continue }
            try requireQueued(task, attempt, "only a paused or held task can be resumed", work)
        }
        var entries: [TasksChanged.Entry] = []
        for (task, attempt) in tasks {
            if let attempt, !attempt.isOrdered {
                entries.append(try setPaused(false, task, attempt, &work))
            } else {
                entries.append(try release(task, &work))
            }
        }
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
    }

    private func setPaused(
        _ isPause: Bool, _ task: TaskItem, _ attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>
    ) throws -> TasksChanged.Entry {
        var attempt = attempt
        var pauses = attempt.pauses ?? Pauses()
        guard pauses.isPaused != isPause else { return TasksChanged.Entry(id: task.id, state: .running, unchanged: true) }
        if isPause { pauses.begin(work.now) } else { pauses.end(work.now) }
        attempt.pauses = pauses
        attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
        try work.store.update(attempt, from: attempt.state)
        work.effects.append(.freeze(attempt: attempt.id, isPause))
        work.event(isPause ? .taskPaused : .taskResumed, of: task, attempt: attempt)
        return TasksChanged.Entry(id: task.id, state: .running)
    }

    /// Whether it has processes of its own. Throws where it has, and is just getting or losing them.
    private func isPausable(_ task: TaskItem, _ attempt: Attempt?, toBe done: String) throws(WireError) -> Bool {
        guard let attempt, !attempt.isOrdered, !attempt.isRouting else { return false }
        guard attempt.stopping == nil, attempt.delivery == nil || attempt.delivery == .accepted else {
            throw WireError(.invalidState, "task \(task.id) is starting or ending, and cannot be \(done)")
        }
        return true
    }
}
