import OrchProtocol

extension Turn {
    mutating func cancel(_ parameters: CancelParameters, by requester: Requester) throws -> Answer {
        switch (parameters.ids, parameters.pool, parameters.all ?? false) {
        case (let ids?, nil, false):
            let tasks = try select(ids, lenient: parameters.lenient ?? false, by: requester)
            return .changed(try tasks.map { try cancel($0, by: requester) })
        case (nil, let pool?, false):
            guard state.settings[pool] != nil || store.occupiedPools.contains(pool) else { throw unknownPool(pool) }
            return try cancelMany(in: pool, after: 0, count: 0, by: requester)
        case (nil, nil, true):
            return try cancelMany(in: nil, after: 0, count: 0, by: requester)
        default:
            throw WireError(.invalidParameter, "give exactly one of \"ids\", \"pool\" and \"all\"")
        }
    }

    /// Cancels what the requester may cancel, some thousands a turn, so that the others are served meanwhile.
    mutating func cancelMany(in pool: String?, after: Int64, count: Int, by requester: Requester) throws -> Answer {
        let tasks = try store.unfinished(in: pool, after: after, limit: SchedulerState.stride)
        assert(tasks.first.map { $0.id > after } ?? true, "a task is cancelled twice")
        var count = count
        for task in tasks where try mayChange(task, by: requester) {
            if try cancel(task, by: requester).unchanged != true { count += 1 }
        }
        if let last = tasks.last, tasks.count == SchedulerState.stride {
            return .afterRest(.cancel(after: last.id, count: count))
        } else {
            return .changed([], count: count)
        }
    }

    /// Cancels a task in whatever state it is. One that runs is cancelled when its processes are gone, one that was ordered ahead when the
    /// supervisor has given it back; a final one stays as it is.
    private mutating func cancel(_ task: TaskItem, by requester: Requester) throws -> TasksChanged.Entry {
        // What its owner does needs no further word.
        let isOwn = requester.principal == task.definition.owner
        return try cancel(
            task, attemptReason: isOwn ? nil : "cancelled by \(requester.principal)", reason: task.cancelledReason)
    }

    /// - Parameter attemptReason: for an attempt that must end.
    mutating func cancel(
        _ task: TaskItem, attemptReason: String?, reason: String
    ) throws -> TasksChanged.Entry {
        if task.phase == .active, let attempt = try store.liveAttempt(of: task.id) {
            try stop(attempt.id, because: .cancelled, reason: attemptReason)
            let state = task.phase.state(isOrdered: attempt.isOrdered)
            return TasksChanged.Entry(id: task.id, state: state, unchanged: attempt.stopping != nil)
        }
        guard task.phase.isQueued else {
            return TasksChanged.Entry(id: task.id, state: task.phase.state(isOrdered: false), unchanged: true)
        }
        try finish(task, .cancel, reason: reason, attempt: nil)
        return TasksChanged.Entry(id: task.id, state: .cancelled)
    }

    /// Asks the supervisor to end an attempt. The first cause that is given stays.
    ///
    /// - Parameter reason: in words, where the cause does not say everything.
    mutating func stop(_ id: Int64, because cause: StopCause, reason: String? = nil) throws {
        // What has been forgotten needs no end.
        guard var attempt = try store.attempt(id), let move = try step(attempt, on: .stop) else { return }
        assert(move.actions == .orderStop && (move.next == .stopping || attempt.isOrdered))
        attempt.stopping = cause
        attempt.reason = reason ?? attempt.reason
        attempt.wakeAt = nil
        try store.update(attempt, from: attempt.state)
        // Its children need not wait for its end.
        if cause == .cancelled { try endTree(of: attempt, isFinal: true) }
        orderStop(id, in: attempt.pool)
    }

    /// Gives a task its final state, as of the end of its last attempt, which may lie before this engine.
    ///
    /// - Parameter attempt: the one with which it ends; nil where it ends without one.
    mutating func finish(_ task: TaskItem, _ cause: TaskEvent, reason: String, attempt: Attempt?) throws {
        let finished = try change(task, on: cause) { [now] in
            ($0.reason, $0.dueAt, $0.finishedAt) = (reason, nil, attempt?.endedAt ?? now.wall)
        }
        guard let finished else { return }
        assert(finished.phase.isFinal, "\(cause) does not finish a task")
        event(.taskFinished, of: finished, attempt: attempt, detail: reason)
        try endTree(below: finished.id, upTo: finished.attempts, isFinal: true)
    }
}

extension TaskItem {
    /// Why it is cancelled that is queued, in words.
    var cancelledReason: String {
        attempts == 0 ? "cancelled before it started" : "cancelled while it waited for another try"
    }
}
