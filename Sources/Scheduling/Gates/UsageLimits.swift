import OrchProtocol

/// Usage and rate limits: nothing is wrong with the task, it only has to wait.
extension Turn {
    /// Milliseconds after the end of a limit, since the clocks of two machines are not one.
    private static var limitMargin: Int64 { 60_000 }

    /// Puts a task back that met a limit: it waits at its agent's gate with all others of that agent. The attempt is kept, and does
    /// not count.
    mutating func waitOut(
        _ failure: AgentFailure, _ task: TaskItem, after attempt: Attempt
    ) throws {
        let told = failure.until.map { max($0, now.wall) + Self.limitMargin }
        var task = task
        let place = task.place
        task.attemptsBeforeRetry += 1
        task.reason = nil
        let until = try closeGate(gate(of: failure, task, attempt), until: told, reason: failure.message)
        try makeReady(&task)
        let clock = Timestamp(milliseconds: until).description.dropFirst(11).prefix(5)
        let reason = "limited until \(clock) UTC: \(failure.message)"
        try store.update(task, from: place)
        event(.taskRetrying, of: task, attempt: attempt, detail: reason)
    }

    /// The gate at which tasks of that agent wait: its pool may have another one by now, which has met no limit.
    private func gate(of failure: AgentFailure, _ task: TaskItem, _ attempt: Attempt) -> String {
        let agent = attempt.agent ?? ""
        let own = GateName.agent(agent, provider: "")
        // Providers may share a gate where there are too many of them.
        let names = GateName.names(in: task.lane).filter { $0.hasPrefix(own) }
        return names.first.map(String.init) ?? GateName.agent(agent, provider: failure.provider)
    }
}
