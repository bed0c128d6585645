import OrchProtocol

/// What happens because time has passed.
extension Turn {
    mutating func wakeTasks() throws {
        let expired = try store.expired(at: now.wall, limit: SchedulerState.stride)
        for task in expired {
            let again = task.attempts > 0 ? " again" : ""
            try finish(task, as: .expired, reason: "had not started\(again) when it expired", attempt: nil)
        }
        let due = try store.due(at: now.wall, limit: SchedulerState.stride)
        for var task in due {
            let place = task.place
            task.dueAt = nil
            task.reason = nil
            try makeReady(&task)
            try store.update(task, from: place)
        }
        if max(expired.count, due.count) == SchedulerState.stride { isUnfinished = true }
    }

    mutating func wakeAttempts() throws {
        let attempts = try store.dueAttempts(at: now.monotonic, limit: SchedulerState.stride)
        for var attempt in attempts {
            guard let task = try store.task(attempt.task), let start = attempt.startedMonotonic else { continue }
            if let delivery = attempt.delivery, delivery != .accepted {
                try endLingering(attempt)
                continue
            }
            let timeouts = timeouts(of: task, attempt)
            let deadline = timeouts.run.map { start + (attempt.pauses?.total ?? 0) + $0 }
            if let deadline, now.monotonic >= deadline {
                try stop(attempt.id, because: .runTimeout)
                continue
            }
            // Only the file knows when it was last written; the answer sets the next time to look.
            attempt.wakeAt = deadline
            try store.update(attempt, from: attempt.state)
            if timeouts.idle != nil { effects.append(.checkOutput(attempt)) }
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

    mutating func noteOutput(_ id: Int64, at last: Int64) throws {
        guard var attempt = try store.attempt(id), attempt.state == .running, attempt.stopping == nil,
            !(attempt.pauses?.isPaused ?? false), let task = try store.task(attempt.task),
            let idle = timeouts(of: task, attempt).idle, let start = attempt.startedMonotonic,
            attempt.delivery == nil || attempt.delivery == .accepted
        else { return }
        let quietSince = max(last, start, attempt.pauses?.ended ?? start)
        guard now.monotonic < quietSince + idle else { return try stop(id, because: .idleTimeout) }
        attempt.wakeAt = min(quietSince + idle, task.timeout.map { start + (attempt.pauses?.total ?? 0) + $0 } ?? .max)
        try store.update(attempt, from: .running)
    }

    /// When the timeouts of an attempt are first to be looked at, on the monotonic clock.
    func firstWake(of task: TaskItem, _ attempt: Attempt, from start: Int64) -> Int64? {
        let timeouts = timeouts(of: task, attempt)
        let pauses = attempt.pauses ?? Pauses()
        // It runs out of no time while it is paused.
        guard !pauses.isPaused else { return nil }
        let (run, idle) = (start + pauses.total, max(start, pauses.ended ?? start))
        return [timeouts.run.map { run + $0 }, timeouts.idle.map { idle + $0 }].compactMap { $0 }.min()
    }

    mutating func retire(before: Int64, keep: Int) throws {
        try store.forgetAnswers(before: now.wall - KeptAnswer.lifetime, limit: SchedulerState.stride)
        let tasks = try store.retired(before: before, keep: keep, limit: Self.retireStride)
        guard !tasks.isEmpty else { return }
        let attempts = try tasks.flatMap { try store.attempts(of: $0.id) }
        let spenders = Set(attempts.lazy.filter { $0.usage != nil }.map(\.task))
        for task in tasks where spenders.contains(task.id) { try store.keepUsage(of: task.id) }
        try store.remove(tasks)
        effects.append(.discard(tasks, attempts))
        if tasks.count == Self.retireStride { effects.append(.again(.retire(before: before, keep: keep))) }
    }

    /// How many tasks one turn forgets. Small, since each also costs the removal of files.
    private static var retireStride: Int { 200 }
}
