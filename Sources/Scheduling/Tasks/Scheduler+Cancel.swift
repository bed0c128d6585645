import OrchProtocol

extension Scheduler {
    mutating func cancel(
        _ parameters: CancelParameters, by requester: Requester, reply: ReplyToken,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        switch (parameters.ids, parameters.pool, parameters.all ?? false) {
        case (let ids?, nil, false):
            let tasks = try select(ids, by: requester, in: work.store)
            var entries: [TasksChanged.Entry] = []
            for task in tasks { entries.append(try cancel(task, &work)) }
            work.effects.append(.reply(reply, .changed(TasksChanged(tasks: entries))))
        case (nil, let pool?, false):
            guard settings[pool] != nil || work.store.occupiedPools.contains(pool) else { throw unknownPool(pool) }
            try cancelMany(in: pool, after: 0, count: 0, by: requester, reply: reply, &work)
        case (nil, nil, true):
            try cancelMany(in: nil, after: 0, count: 0, by: requester, reply: reply, &work)
        default:
            throw WireError(.invalidParameter, "give exactly one of \"ids\", \"pool\" and \"all\"")
        }
    }

    /// Cancels what the requester may cancel, some thousands a turn, so that the others are served meanwhile.
    mutating func cancelMany(
        in pool: String?, after: Int64, count: Int, by requester: Requester, reply: ReplyToken,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let tasks = try work.store.unfinished(in: pool, after: after, limit: Self.stride)
        var count = count
        for task in tasks where requester.isAdministrator || task.definition.submitter == requester.uid {
            if try cancel(task, &work).unchanged != true { count += 1 }
        }
        if let last = tasks.last, tasks.count == Self.stride {
            work.effects.append(
                .again(.cancelMore(pool: pool, after: last.id, count: count, by: requester, reply: reply)))
        } else {
            work.effects.append(.reply(reply, .changed(TasksChanged(tasks: [], count: count))))
        }
    }

    /// Cancels a task in whatever state it is. One that runs is cancelled when its processes are gone, one that was ordered ahead when the
    /// supervisor has given it back; a final one stays as it is.
    private mutating func cancel(
        _ task: TaskItem, _ work: inout TurnWork<some TaskTransaction>
    ) throws -> TasksChanged.Entry {
        if task.phase == .running, let attempt = try work.store.liveAttempt(of: task.id) {
            try stop(attempt.id, because: .cancelled, &work)
            let state = task.phase.state(isOrdered: attempt.isOrdered)
            return TasksChanged.Entry(id: task.id, state: state, unchanged: attempt.stopping != nil)
        }
        guard task.phase.isQueued else {
            return TasksChanged.Entry(id: task.id, state: task.phase.state(isOrdered: false), unchanged: true)
        }
        try finish(task, as: .cancelled, reason: task.cancelledReason, attempt: nil, &work)
        return TasksChanged.Entry(id: task.id, state: .cancelled)
    }

    /// Asks the supervisor to end an attempt. The first cause that is given stays.
    ///
    /// - Parameter reason: in words, where the cause does not say everything.
    func stop(
        _ id: Int64, because cause: StopCause, reason: String? = nil, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        guard var attempt = try work.store.attempt(id), attempt.state != .ended, attempt.stopping == nil else { return }
        attempt.stopping = cause
        attempt.reason = reason ?? attempt.reason
        attempt.wakeAt = nil
        try work.store.update(attempt, from: attempt.state)
        // A supervisor that comes later is told by `reconcile`, once it has said what it has.
        if isConnected { work.effects.append(.stop(attempt: id, grace: grace(of: attempt.pool))) }
    }

    func grace(of pool: String) -> Int64 {
        settings[pool]?.grace ?? PoolSettings.defaultGrace
    }

    /// Gives a task its final state, as of the end of its last attempt, which may lie before this engine.
    ///
    /// - Parameter attempt: the one with which it ends; nil where it ends without one.
    func finish(
        _ task: TaskItem, as phase: Phase, reason: String, attempt: Attempt?, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var task = task
        let place = task.place
        task.phase = phase
        task.reason = reason
        task.dueAt = nil
        task.finishedAt = attempt?.endedAt ?? work.now.wall
        try work.store.update(task, from: place)
        work.event(.taskFinished, of: task, attempt: attempt, detail: reason)
    }
}

extension TaskItem {
    /// Why it is cancelled that is queued, in words.
    var cancelledReason: String {
        attempts == 0 ? "cancelled before it started" : "cancelled while it waited for another try"
    }
}
