import OrchProtocol

/// Running tasks that stand still for a while. They keep their slots, and their timeouts stand still with them.
extension Scheduler {
    /// Stops the processes of tasks where they are, or lets them go on. All of the tasks, or none.
    func pause(
        _ ids: [Int64], _ isPause: Bool, by requester: Requester, reply: ReplyToken,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let tasks = try select(ids, by: requester, in: work.store)
        var changes: [(task: TaskItem, attempt: Attempt)] = []
        for task in tasks {
            let attempt = try pausable(task, isPause, in: work.store)
            if attempt.pauses?.isPaused ?? false != isPause { changes.append((task, attempt)) }
        }
        for (task, attempt) in changes {
            var attempt = attempt
            var pauses = attempt.pauses ?? Pauses()
            if isPause { pauses.begin(work.now) } else { pauses.end(work.now) }
            attempt.pauses = pauses
            attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
            try work.store.update(attempt, from: attempt.state)
            work.effects.append(.freeze(attempt: attempt.id, isPause))
            work.event(isPause ? .taskPaused : .taskResumed, of: task, attempt: attempt)
        }
        let entries = tasks.map { TasksChanged.Entry(id: $0.id, state: $0.phase.state) }
        work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
    }

    private func pausable(_ task: TaskItem, _ isPause: Bool, in store: some TaskTransaction) throws -> Attempt {
        let verb = isPause ? "paused" : "resumed"
        guard task.phase == .running, let attempt = try store.liveAttempt(of: task.id), attempt.state == .running,
            !attempt.isRouting
        else {
            let state = task.phase == .running ? TaskState.queued : task.phase.state
            let hint = isPause && state == .queued ? "; hold it to keep it from starting" : ""
            throw WireError(
                .invalidState, "task \(task.id) is \(state.rawValue); only a running task can be \(verb)\(hint)")
        }
        guard attempt.stopping == nil, attempt.handover == nil || attempt.handover == .accepted else {
            throw WireError(.invalidState, "task \(task.id) is starting or ending, and cannot be \(verb)")
        }
        return attempt
    }
}
