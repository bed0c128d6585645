import OrchProtocol
import SupervisorLink

/// The reports of the supervisor about attempts.
extension Turn {
    mutating func noteStart(_ start: StartReport) throws {
        if store.hasWorkers, let worker = try store.worker(start.id) {
            try noteStart(start, of: worker, .started)
        } else if let attempt = try store.attempt(start.id), let move = try step(attempt, on: .started) {
            try begin(attempt, start, move)
        }
    }

    /// It runs, as is heard now.
    mutating func begin(_ attempt: Attempt, _ start: StartReport, _ move: AttemptMove) throws {
        assert(move.actions.contains(.noteStart) && attempt.isOrdered, "attempt \(attempt.id) has started before")
        guard let task = try store.task(attempt.task) else { return }
        var running = attempt
        running.apply(start)
        running.state = .running
        running.wakeAt = move.next == .running ? firstWake(of: task, running) : nil
        try store.update(running, from: attempt.state)
        noteStarted(running, of: task)
        // It was being taken back, but had started before.
        try endIfSpent(running, of: task)
        if state.isStopping { try stop(running.id, because: .shutdown) }
    }

    private mutating func noteStarted(_ attempt: Attempt, of task: TaskItem) {
        guard let routing = task.definition.routing else { return event(.taskStarted, of: task, attempt: attempt) }
        event(.taskRouting, of: task, attempt: attempt, detail: "the program of rule \"\(routing.rule)\" is asked")
    }

    mutating func noteEnd(_ end: AttemptEnd) throws {
        // Whatever else, the supervisor need not keep what is, or already was, in the store.
        defer { effects.append(.acknowledge(attempt: end.attempt)) }
        if store.hasWorkers, let worker = try store.worker(end.attempt) {
            return try noteEnd(end, of: worker)
        }
        // What it said before it ended comes before its end.
        try receive(end.news, from: end.attempt)
        guard var attempt = try store.attempt(end.attempt), try step(attempt, on: .ended) != nil,
            let task = try store.task(attempt.task)
        else { return }
        let before = attempt.state
        // The process of a warm worker started long before its task did.
        if let start = end.start, attempt.delivery == nil {
            attempt.apply(start)
            if before == .dispatched { noteStarted(attempt, of: task) }
            state.runAhead[attempt.pool, default: RunAhead()].observe(taskTime: end.endedMonotonic - start.startedMonotonic)
        }
        switch AttemptVerdict.judge(end, of: attempt, task: task) {
        case .again(let reason) where attempt.stopping == nil:
            if attempt.delivery != nil { try noteFailure(of: attempt.id, in: attempt.pool, reason) }
            try forget(attempt)
            try putBack(task, after: Self.resourceDelay, reason: reason)
        case .again(let reason):
            try close(attempt, from: before, of: task, end: end, Outcome(.cancelled), reason: reason)
        case .outcome(let outcome, let reason):
            let more = end.outOfProcesses ? "; the kernel refused it processes beyond its limit" : ""
            try close(attempt, from: before, of: task, end: end, outcome, reason: reason + more)
        case .limited(let failure):
            let outcome = Outcome(.limited, failure: failure.kind)
            try close(attempt, from: before, of: task, end: end, outcome, reason: failure.message, limit: failure)
        }
    }

    /// Milliseconds until a start is tried again that failed for lack of processes, memory or descriptors.
    private static var resourceDelay: Int64 { 1_000 }

    private mutating func close(
        _ attempt: Attempt, from before: Attempt.State, of task: TaskItem, end: AttemptEnd, _ outcome: Outcome,
        reason: String, limit: AgentFailure? = nil
    ) throws {
        var attempt = attempt
        attempt.state = .ended
        state.waiting.forget(attempt.task)
        if attempt.pauses?.waits?.isWaiting ?? false { attempt.pauses?.waits?.end(at: now.monotonic) }
        attempt.outcome = outcome
        attempt.reason = reason
        attempt.wakeAt = nil
        if attempt.pauses?.isPaused ?? false { attempt.pauses?.end(now) }
        attempt.endedAt = end.endedAt
        // When it was lost nobody knows; perhaps it was another boot, with another clock.
        if case .lost = end.ending {} else { attempt.alignStart(wall: end.endedAt, monotonic: end.endedMonotonic) }
        attempt.cpuUser = end.cpuUser
        attempt.cpuSystem = end.cpuSystem
        attempt.peakMemory = end.peakMemory
        attempt.measures = end.measures
        try withdrawQuestions(of: task)
        if attempt.isRouting { return try closeRouting(attempt, from: before, of: task, outcome, end.answer) }
        let known = attempt.usage
        attempt.usage = end.usage ?? known
        try store.update(attempt, from: before)
        if attempt.usage != known { try count(attempt, beyond: known, on: task) }
        // Its canceller does not want to wait.
        if let limit, attempt.stopping != .cancelled, try !isLeftBehind(task) {
            return try waitOut(limit, task, after: attempt)
        }
        try settle(task, after: attempt, outcome, reason: reason)
    }

    /// What happens to a task whose attempt has ended.
    private mutating func settle(_ task: TaskItem, after attempt: Attempt, _ outcome: Outcome, reason: String) throws {
        assert(attempt.standing == .ended && attempt.task == task.id)
        if outcome.isSuccess {
            try noteSuccess(of: task)
            return try finish(task, .succeed, reason: reason, attempt: attempt)
        }
        // Its canceller does not want another attempt, also not where this one failed by itself before it could be ended.
        if outcome.kind == .cancelled || attempt.stopping == .cancelled {
            return try finish(task, .cancel, reason: reason, attempt: attempt)
        }
        if try isLeftBehind(task) {
            return try finish(task, .cancel, reason: reason + "; no retry, because its parent has ended", attempt: attempt)
        }
        let counted = task.attempts - task.attemptsBeforeRetry
        guard let wait = task.retry.wait(after: outcome, attempts: counted, seed: UInt64(bitPattern: attempt.id)) else {
            return try finish(task, .fail, reason: reason, attempt: attempt)
        }
        if let expiry = task.definition.expiresAt, now.wall + wait >= expiry {
            return try finish(
                task, .fail, reason: reason + "; no retry, because the task expires before", attempt: attempt)
        }
        let postponed = try change(task, on: .postpone) { [now] in
            ($0.dueAt, $0.dueIsRelative, $0.reason) = (now.wall + wait, true, reason)
        }
        if let postponed { event(.taskRetrying, of: postponed, attempt: attempt, detail: reason) }
        try endTree(of: attempt, isFinal: false)
    }

    /// Returns a task to the queue whose attempt never started, and does not count.
    mutating func putBack(_ task: TaskItem, after delay: Int64, reason: String?) throws {
        assert(
            task.attempts > 0 || task.definition.routing != nil, "task \(task.id) gives back an attempt that was not counted")
        try change(task, on: delay > 0 ? .postpone : .giveBack) { [now] in
            if $0.definition.routing == nil { $0.attempts -= 1 }
            $0.reason = reason
            ($0.dueAt, $0.dueIsRelative) = (delay > 0 ? now.wall + delay : nil, delay > 0)
        }
    }

    /// It never started, or its worker never took its task.
    private mutating func forget(_ attempt: Attempt) throws {
        // Even where nobody has heard of its start, its program may have run.
        if store.hasOpenQuestions, let task = try store.task(attempt.task) { try withdrawQuestions(of: task) }
        state.waiting.forget(attempt.task)
        try store.removeAttempt(attempt)
        effects.append(.forget(attempt))
    }

    mutating func noteRevoked(_ id: Int64, accepted: Bool) throws {
        if store.hasWorkers, let worker = try store.worker(id) {
            if try step(worker, on: accepted ? .revoked : .notRevoked) != nil { try remove(worker) }
            return
        }
        guard let attempt = try store.attempt(id), try step(attempt, on: accepted ? .revoked : .notRevoked) != nil,
            let task = try store.task(attempt.task)
        else { return }
        try forget(attempt)
        guard attempt.stopping == .cancelled else { return try putBack(task, after: 0, reason: nil) }
        var cancelled = task
        assert(cancelled.attempts > 0 || attempt.isRouting)
        if !attempt.isRouting { cancelled.attempts -= 1 }
        try finish(cancelled, .cancel, reason: cancelled.cancelledReason, attempt: nil)
    }
}

extension Attempt {
    mutating func apply(_ start: StartReport) {
        pid = start.pid
        slot = Int(start.slot)
        startedAt = start.startedAt
        startedMonotonic = start.startedMonotonic
    }
}

extension StartReport {
    /// The number of the attempt, as the store has it.
    var id: Int64 { Int64(truncatingIfNeeded: attempt) }
}
