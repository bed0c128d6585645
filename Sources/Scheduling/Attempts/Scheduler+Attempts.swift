import OrchProtocol

/// What the supervisor tells of attempts.
extension Scheduler {
    func noteStart(_ start: AttemptStart, _ work: inout TurnWork<some TaskTransaction>) throws {
        if work.store.hasWorkers, let worker = try work.store.worker(start.attempt) {
            return try noteStart(start, of: worker, &work)
        }
        guard var attempt = try work.store.attempt(start.attempt), attempt.state == .dispatched,
            let task = try work.store.task(attempt.task)
        else { return }
        attempt.apply(start)
        attempt.state = .running
        attempt.wakeAt = attempt.stopping == nil ? firstWake(of: task, attempt, from: start.startedMonotonic) : nil
        try work.store.update(attempt, from: .dispatched)
        noteStarted(attempt, of: task, &work)
        // It was to be taken back, but had started by then.
        try endIfSpent(attempt, of: task, &work)
        if isStopping { try stop(attempt.id, because: .shutdown, &work) }
    }

    private func noteStarted(_ attempt: Attempt, of task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) {
        guard let routing = task.definition.routing else { return work.event(.taskStarted, of: task, attempt: attempt) }
        work.event(.taskRouting, of: task, attempt: attempt, detail: "the program of rule \"\(routing.rule)\" is asked")
    }

    mutating func noteEnd(_ end: AttemptEnd, _ work: inout TurnWork<some TaskTransaction>) throws {
        // Whatever else, the supervisor need not keep what is, or already was, in the store.
        defer { work.effects.append(.acknowledge(attempt: end.attempt)) }
        if work.store.hasWorkers, let worker = try work.store.worker(end.attempt) {
            return try noteEnd(end, of: worker, &work)
        }
        // What it said before it ended comes before its end.
        try receive(end.news, from: end.attempt, &work)
        guard var attempt = try work.store.attempt(end.attempt), attempt.state != .ended,
            let task = try work.store.task(attempt.task)
        else { return }
        let state = attempt.state
        // The process of a warm worker started long before its task did.
        if let start = end.start, attempt.delivery == nil {
            attempt.apply(start)
            if state == .dispatched { noteStarted(attempt, of: task, &work) }
            runAhead[attempt.pool, default: RunAhead()].observe(taskTime: end.endedMonotonic - start.startedMonotonic)
        }
        switch AttemptVerdict(end, of: attempt, task: task) {
        case .again(let reason) where attempt.stopping == nil:
            try forget(attempt, &work)
            if attempt.delivery != nil { try leave(attempt, because: reason, &work) }
            try putBack(task, after: Self.resourceDelay, reason: reason, &work)
        case .again(let reason):
            try close(attempt, from: state, of: task, end: end, Outcome(.cancelled), reason: reason, &work)
        case .outcome(let outcome, let reason):
            let more = end.outOfProcesses ? "; it was refused processes beyond its limit" : ""
            try close(attempt, from: state, of: task, end: end, outcome, reason: reason + more, &work)
        case .limited(let failure):
            let outcome = Outcome(.limited, failure: failure.kind)
            try close(attempt, from: state, of: task, end: end, outcome, reason: failure.message, limit: failure, &work)
        }
    }

    /// Milliseconds until a start is tried again that failed for lack of processes, memory or descriptors.
    private static let resourceDelay: Int64 = 1_000

    private mutating func close(
        _ attempt: Attempt, from state: Attempt.State, of task: TaskItem, end: AttemptEnd, _ outcome: Outcome,
        reason: String, limit: AgentFailure? = nil, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var attempt = attempt
        attempt.state = .ended
        attempt.outcome = outcome
        attempt.reason = reason
        attempt.wakeAt = nil
        if attempt.pauses?.isPaused ?? false { attempt.pauses?.end(work.now) }
        attempt.endedAt = end.endedAt
        // When it was lost nobody knows; perhaps it was another boot, with another clock.
        if case .lost = end.ending {} else { attempt.alignStart(wall: end.endedAt, monotonic: end.endedMonotonic) }
        attempt.cpuUser = end.cpuUser
        attempt.cpuSystem = end.cpuSystem
        attempt.peakMemory = end.peakMemory
        attempt.measures = end.measures
        if attempt.isRouting { return try closeRouting(attempt, from: state, of: task, outcome, end.answer, &work) }
        let known = attempt.usage
        attempt.usage = end.usage ?? known
        try work.store.update(attempt, from: state)
        if attempt.usage != known { try count(attempt, beyond: known, on: task, &work) }
        // Whoever cancelled it does not want to wait.
        if let limit, attempt.stopping != .cancelled { return try waitOut(limit, task, after: attempt, &work) }
        try settle(task, after: attempt, outcome, reason: reason, &work)
    }

    /// What becomes of a task whose attempt has ended.
    private func settle(
        _ task: TaskItem, after attempt: Attempt, _ outcome: Outcome, reason: String,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        if outcome.isSuccess {
            try noteSuccess(of: task, &work)
            return try finish(task, as: .succeeded, reason: reason, attempt: attempt, &work)
        }
        // Whoever cancelled it does not want another attempt, also not where this one failed by itself before it could be ended.
        if outcome.kind == .cancelled || attempt.stopping == .cancelled {
            return try finish(task, as: .cancelled, reason: reason, attempt: attempt, &work)
        }
        let counted = task.attempts - task.attemptsBeforeRetry
        guard let wait = task.retry.wait(after: outcome, attempts: counted, seed: UInt64(bitPattern: attempt.id)) else {
            return try finish(task, as: .failed, reason: reason, attempt: attempt, &work)
        }
        if let expiry = task.definition.expiresAt, work.now.wall + wait >= expiry {
            return try finish(
                task, as: .failed, reason: reason + "; no retry, since it expires before", attempt: attempt, &work)
        }
        var task = task
        let place = task.place
        task.phase = .delayed
        task.dueAt = work.now.wall + wait
        task.dueIsRelative = true
        task.reason = reason
        try work.store.update(task, from: place)
        work.event(.taskRetrying, of: task, attempt: attempt, detail: reason)
    }

    /// Returns a task to the queue whose attempt never started, and does not count.
    func putBack(
        _ task: TaskItem, after delay: Int64, reason: String?, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var task = task
        let place = task.place
        if task.definition.routing == nil { task.attempts -= 1 }
        task.reason = reason
        task.dueAt = delay > 0 ? work.now.wall + delay : nil
        task.dueIsRelative = delay > 0
        if delay > 0 { task.phase = .delayed } else { try makeReady(&task, &work) }
        try work.store.update(task, from: place)
    }

    /// It never started.
    private func forget(_ attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>) throws {
        try work.store.removeAttempt(attempt)
        work.effects.append(.forget(attempt: attempt.id))
    }

    mutating func noteRevoked(_ id: Int64, accepted: Bool, _ work: inout TurnWork<some TaskTransaction>) throws {
        if work.store.hasWorkers, let worker = try work.store.worker(id) {
            return accepted ? try remove(worker, &work) : ()
        }
        guard accepted, let attempt = try work.store.attempt(id), attempt.state == .dispatched,
            let task = try work.store.task(attempt.task)
        else { return }
        try forget(attempt, &work)
        guard attempt.stopping == .cancelled else { return try putBack(task, after: 0, reason: nil, &work) }
        var cancelled = task
        if !attempt.isRouting { cancelled.attempts -= 1 }
        try finish(cancelled, as: .cancelled, reason: cancelled.cancelledReason, attempt: nil, &work)
    }
}

extension Attempt {
    mutating func apply(_ start: AttemptStart) {
        pid = start.pid
        slot = start.slot
        startedAt = start.startedAt
        startedMonotonic = start.startedMonotonic
    }
}
