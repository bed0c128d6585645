import OrchProtocol

/// The tables in use, and what happens to an attempt or a worker in an impossible state: only it is set aside, and everything else continues.
/// To stop the engine would not help: it would find the same rows again.
extension Turn {
    /// What an event makes of an attempt; nil where there is nothing to do.
    mutating func step(_ attempt: Attempt, on event: AttemptEvent) throws -> AttemptMove? {
        // The disk may have damaged it: no fault of the program.
        guard let standing = attempt.standing else {
            try setAside(attempt, because: "its row in the database is damaged, and says what cannot be", isFault: false)
            return nil
        }
        switch standing.step(on: event) {
        case .to(let move): return move
        case .stale, .refused: return nil
        case .impossible:
            try setAside(attempt, because: "it was \(standing) and met \(event)")
            return nil
        }
    }

    /// What an event makes of a worker; nil where there is nothing to do.
    mutating func step(_ worker: Worker, on event: WorkerEvent) throws -> WorkerMove? {
        switch worker.standing.step(on: event) {
        case .to(let move): return move
        case .stale, .refused: return nil
        case .impossible:
            try setAside(worker, because: "it was \(worker.standing) and met \(event)")
            return nil
        }
    }

    /// A fault stops a debug build and a life of the simulator: see `TurnRunner`.
    mutating func note(_ problem: String, isFault: Bool) {
        problems.append(Problem(text: isFault ? problem + "; please report this fault of orchd" : problem, isFault: isFault))
    }

    /// What the turn relies on, and the store may have otherwise.
    mutating func assert(
        _ condition: Bool, _ problem: @autoclosure () -> String = "this cannot be", file: StaticString = #fileID,
        line: UInt = #line
    ) {
        if !condition { note("\(problem()) (\(file):\(line))", isFault: true) }
    }

    /// Ends an attempt as lost, and its task as failed: it may have done something, so that another attempt is for people to decide.
    mutating func setAside(_ attempt: Attempt, because problem: String, isFault: Bool = true) throws {
        note("attempt \(attempt.number) of task \(attempt.task) was set aside: \(problem)", isFault: isFault)
        if state.isConnected { effects.append(.stop(attempt: attempt.id, grace: 0)) }
        state.waiting.forget(attempt.task)
        var aside = attempt
        aside.wakeAt = nil
        if attempt.state != .ended {
            aside.state = .ended
            aside.outcome = Outcome(.lost)
            aside.reason = "set aside: \(problem)"
            aside.endedAt = now.wall
        }
        try store.update(aside, from: attempt.state)
        guard let task = try store.task(attempt.task) else { return }
        try withdrawQuestions(of: task)
        guard task.phase == .active else { return }
        guard try store.liveAttempt(of: task.id) == nil else { return }
        try finish(task, .fail, reason: aside.reason ?? problem, attempt: aside)
    }

    mutating func setAside(_ worker: Worker, because problem: String) throws {
        note("worker \(worker.id) of the pool \"\(worker.pool)\" was set aside: \(problem)", isFault: true)
        if state.isConnected { effects.append(.stop(attempt: worker.id, grace: 0)) }
        try remove(worker)
    }
}

/// What an event does in a state: an entry of a table.
enum Step<Target: Equatable>: Equatable {
    case to(Target)
    /// It comes too late, or again: there is nothing to do.
    case stale
    /// A person asked for it, who is told why it is not possible.
    case refused
    /// No sequence of events leads here. A debug build stops; a release sets the one attempt, worker or task aside, and says so.
    case impossible
}
