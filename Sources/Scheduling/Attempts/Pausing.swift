import OrchProtocol

/// Tasks that stand still for a while. One that runs keeps its slot, and its timeouts stand still with it; one that is queued is held.
extension Turn {
    /// Stops the processes of tasks where they are, and keeps queued ones from starting. All of the tasks, or none.
    mutating func pause(
        _ ids: [Int64], by requester: Requester
    ) throws -> Answer {
        let tasks = try selectLive(ids, by: requester)
        for (task, attempt) in tasks {
            if try isPausable(task, attempt, toBe: "paused") { continue }
            try requireQueued(task, attempt, "only a queued or running task can be paused")
        }
        if needsTakingBack(tasks) { return .afterTakingBack(tasks) }
        return .changed(
            try tasks.map { task, attempt in
                if let attempt { try setPaused(true, task, attempt) } else { try hold(task) }
            })
    }

    /// Lets them go on.
    mutating func resume(
        _ ids: [Int64], by requester: Requester
    ) throws -> Answer {
        let tasks = try selectLive(ids, by: requester)
        for (task, attempt) in tasks {
            if try isPausable(task, attempt, toBe: "resumed") { continue }
            try requireQueued(task, attempt, "only a paused or held task can be resumed")
        }
        return .changed(
            try tasks.map { task, attempt in
                if let attempt, !attempt.isOrdered { try setPaused(false, task, attempt) } else { try release(task) }
            })
    }

    private mutating func setPaused(
        _ isPause: Bool, _ task: TaskItem, _ attempt: Attempt
    ) throws -> TasksChanged.Entry {
        var attempt = attempt
        var pauses = attempt.pauses ?? Pauses()
        guard pauses.isPaused != isPause else { return TasksChanged.Entry(id: task.id, state: .running, unchanged: true) }
        if isPause { pauses.begin(now) } else { pauses.end(now) }
        attempt.pauses = pauses
        attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
        try store.update(attempt, from: attempt.state)
        effects.append(.freeze(attempt: attempt.id, isPause))
        event(isPause ? .taskPaused : .taskResumed, of: task, attempt: attempt)
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
