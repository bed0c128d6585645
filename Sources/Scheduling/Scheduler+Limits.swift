import OrchProtocol

/// Usage and rate limits: nothing is wrong with the task, it only has to wait.
extension Scheduler {
    /// Milliseconds after the end of a limit, since the clocks of two machines are not one.
    private static let limitMargin: Int64 = 60_000
    /// The first wait where nobody says how long, and the longest; each in a row is twice the one before.
    private static let limitWaits: ClosedRange<Int64> = 60_000...3_600_000

    /// Puts a task back that met a limit. The attempt is kept, and does not count.
    mutating func waitOut(
        _ failure: AgentFailure, _ task: TaskItem, after attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let told = failure.until.map { max($0, work.now.wall) + Self.limitMargin }
        let due = try told ?? work.now.wall + limitWait(of: task, in: work.store)
        let clock = WireTime(milliseconds: due).description.dropFirst(11).prefix(5)
        let reason = "limited until \(clock) UTC: \(failure.message)"
        if let agent = settings[attempt.pool]?.agent {
            try closeGate(GateName.agent(agent, provider: failure.provider), until: told, reason: reason, &work)
        }
        var task = task
        let place = task.place
        task.forgivenAttempts += 1
        task.phase = .delayed
        task.dueAt = due
        task.dueIsRelative = told == nil
        task.reason = reason
        try work.store.update(task, from: place)
        work.event(.taskRetrying, of: task, attempt: attempt, detail: reason)
    }

    /// Grows with the number of limits that the task has met since it last met something else.
    private func limitWait(of task: TaskItem, in store: some TaskTransaction) throws -> Int64 {
        let inRow = try store.attempts(of: task.id).reversed().prefix { $0.outcome?.kind == .limited }.count
        return min(Self.limitWaits.lowerBound << min(max(inRow - 1, 0), 10), Self.limitWaits.upperBound)
    }
}
