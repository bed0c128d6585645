import OrchProtocol

/// What happens because time has passed.
extension Turn {
    mutating func wakeTasks() throws {
        let expired = try store.expired(at: now.wall, limit: SchedulerState.stride)
        assert(expired.allSatisfy(\.phase.isQueued), "what has started expires no more")
        for task in expired {
            let again = task.attempts > 0 ? " again" : ""
            try finish(task, .expire, reason: "had not started\(again) when it expired", attempt: nil)
        }
        let due = try store.due(at: now.wall, limit: SchedulerState.stride)
        for task in due { try change(task, on: .due) { ($0.dueAt, $0.reason) = (nil, nil) } }
        if max(expired.count, due.count) == SchedulerState.stride { isUnfinished = true }
    }

    mutating func wakeAttempts() throws {
        let attempts = try store.dueAttempts(at: now.monotonic, limit: SchedulerState.stride)
        for var attempt in attempts {
            guard let move = try step(attempt, on: .due), let task = try store.task(attempt.task) else { continue }
            guard move.next == .running else {
                attempt.wakeAt = nil
                try store.update(attempt, from: attempt.state)
                orderStop(attempt.id, in: attempt.pool)
                continue
            }
            let deadline = deadlines(of: task, attempt).run
            if let deadline, now.monotonic >= deadline {
                try stop(attempt.id, because: .runTimeout)
                continue
            }
            // Only the file knows when it was last written; the answer sets the next time to look.
            attempt.wakeAt = deadline
            try store.update(attempt, from: attempt.state)
            if timeouts(of: task, attempt).idle != nil, state.waiting.cause(of: task.id) == nil {
                effects.append(.checkOutput(attempt))
            }
        }
        if attempts.count == SchedulerState.stride { isUnfinished = true }
    }

    /// Somebody has set the clock: what runs has run no longer for that.
    mutating func shiftAttempts(by step: Int64) throws {
        // Until the supervisor has been heard, its clock may be that of another boot.
        guard state.isConnected else { return }
        for var attempt in try store.liveAttempts() where attempt.state == .running {
            attempt.alignStart(wall: now.wall, monotonic: now.monotonic)
            if let since = attempt.pauses?.sinceWall { attempt.pauses?.sinceWall = since + step }
            try store.update(attempt, from: attempt.state)
        }
    }

    mutating func noteOutput(_ id: Int64, last: Int64, lookedAt: Int64) throws {
        guard var attempt = try store.attempt(id), try step(attempt, on: .outputSeen) != nil,
            let task = try store.task(attempt.task)
        else { return }
        let deadlines = deadlines(of: task, attempt, lastOutput: last)
        guard let idle = deadlines.idle else { return }
        // It may have written since: a turn is repeated until the disk takes it, and by then the answer is old.
        guard lookedAt < idle else { return try stop(id, because: .idleTimeout) }
        attempt.wakeAt = min(idle, deadlines.run ?? .max)
        try store.update(attempt, from: .running)
    }

    /// When an attempt that has started runs out of time, on the monotonic clock. While it is paused it does not, nor while it waits for
    /// an answer; and while it waits for whatever it may be, it may be quiet.
    ///
    /// - Parameter lastOutput: when it last wrote something, where that is known.
    private func deadlines(of task: TaskItem, _ attempt: Attempt, lastOutput: Int64? = nil) -> (run: Int64?, idle: Int64?) {
        let pauses = attempt.pauses ?? Pauses()
        guard let start = attempt.startedMonotonic, !pauses.isPaused else { return (nil, nil) }
        let timeouts = timeouts(of: task, attempt)
        let cause = state.waiting.cause(of: task.id)
        let quietSince = max(start, lastOutput ?? start, pauses.ended ?? start, pauses.waits?.ended ?? start)
        return (
            cause == .answer ? nil : timeouts.run.map { start + pauses.total + (pauses.waits?.total ?? 0) + $0 },
            cause != nil ? nil : timeouts.idle.map { quietSince + $0 }
        )
    }

    /// When the timeouts of an attempt are first to be looked at, on the monotonic clock.
    func firstWake(of task: TaskItem, _ attempt: Attempt) -> Int64? {
        let deadlines = deadlines(of: task, attempt)
        return [deadlines.run, deadlines.idle].compactMap(\.self).min()
    }

    mutating func retire(before: Int64, keep: Int) throws {
        try store.forgetAnswers(before: now.wall - KeptAnswer.lifetime, limit: SchedulerState.stride)
        let tasks = try store.retired(before: before, keep: keep, limit: Self.retireStride)
        try forget(tasks)
        if tasks.count == Self.retireStride { effects.append(.again(.retire(before: before, keep: keep))) }
    }
}
