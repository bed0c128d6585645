import OrchProtocol

/// Usage and rate limits: nothing is wrong with the task, it only has to wait.
extension Scheduler {
    /// Milliseconds after the end of a limit, since the clocks of two machines are not one.
    private static let limitMargin: Int64 = 60_000

    /// Puts a task back that met a limit: it waits at its agent's gate with all others of that agent. The attempt is kept, and does
    /// not count.
    mutating func waitOut(
        _ failure: AgentFailure, _ task: TaskItem, after attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let told = failure.until.map { max($0, work.now.wall) + Self.limitMargin }
        var task = task
        let place = task.place
        task.forgivenAttempts += 1
        task.reason = nil
        let until: Int64
        if let gate = GateName.names(in: task.lane).first(where: { $0.hasPrefix(GateName.agentPrefix) }) {
            until = try closeGate(String(gate), until: told, reason: failure.message, &work)
            try makeReady(&task, &work)
        } else {
            // Its pool has another agent than when it started, or none.
            until = told ?? work.now.wall + Self.limitMargin
            task.phase = .delayed
            task.dueAt = until
            task.dueIsRelative = told == nil
        }
        let clock = WireTime(milliseconds: until).description.dropFirst(11).prefix(5)
        let reason = "limited until \(clock) UTC: \(failure.message)"
        if task.phase == .delayed { task.reason = reason }
        try work.store.update(task, from: place)
        work.event(.taskRetrying, of: task, attempt: attempt, detail: reason)
    }
}
