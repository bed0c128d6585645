import OrchProtocol

/// Prompts for which the program of a rule is asked what to choose. It is asked once: whatever happens to it, the task continues.
extension Turn {
    /// Keeps a task that is ready where its program can be asked, or lets it go without.
    mutating func prepareRouting(_ task: inout TaskItem) throws {
        guard let routing = task.definition.routing else { return }
        let router = try router()
        if let program = router.program(of: routing.rule) {
            task.pool = program.pool
            return
        }
        let why = "rule \"\(routing.rule)\": its program can no longer be asked, so its default holds"
        try conclude(&task, router.conclude(task, routing, [:]), because: why, nil)
    }

    /// Ends the process of a program: the task goes where it belongs, and no attempt at it has been made.
    mutating func closeRouting(
        _ attempt: Attempt, from before: Attempt.State, of task: TaskItem, _ outcome: Outcome, _ answer: RouteAnswer?
    ) throws {
        assert(attempt.isRouting && before != .ended)
        guard let routing = task.definition.routing else { return try store.update(attempt, from: before) }
        var attempt = attempt
        var task = task
        let place = task.place
        let router = try router()
        let isCancelled = outcome.kind == .cancelled || attempt.stopping == .cancelled
        var conclusion = router.conclude(task, routing, [:])
        if !isCancelled {
            let verdict: String
            (conclusion, verdict) = try judge(task, routing, attempt, outcome, answer, router)
            attempt.reason = "rule \"\(routing.rule)\": \(verdict)"
        }
        try store.update(attempt, from: before)
        try conclude(&task, conclusion, because: attempt.reason ?? "", attempt)
        guard !isCancelled else {
            try store.update(task, from: place)
            return try finish(task, .cancel, reason: "cancelled while it was being routed", attempt: attempt)
        }
        guard try move(&task, on: .giveBack) else { return }
        try store.update(task, from: place)
    }

    private func judge(
        _ task: TaskItem, _ routing: Routing, _ attempt: Attempt, _ outcome: Outcome, _ answer: RouteAnswer?,
        _ router: TaskRouter
    ) throws -> (TaskRouter.Conclusion, String) {
        let fallback = router.conclude(task, routing, [:])
        guard router.program(of: routing.rule) != nil else {
            return (fallback, "it is no longer in the configuration, so its default holds")
        }
        guard outcome.isSuccess else {
            let failure = outcome.kind == .runTimeout ? "gave no answer in time" : "failed (\(attempt.reason ?? "?"))"
            return (fallback, "its program \(failure), so its default holds")
        }
        guard case .fields(let fields) = answer else {
            var why = "printed no answer"
            if case .unusable(let problem) = answer { why = problem }
            return (fallback, "its program \(why), so its default holds")
        }
        let rights = try rights(of: task)
        var conclusion = router.conclude(task, routing, fields, rights: rights)
        // A rule's author may raise what people ask for; for a task, nobody raises it above its parent.
        if let parent = rights?.ancestors.first { conclusion.priority = min(conclusion.priority, parent.priority) }
        let chosen = conclusion.chosen.isEmpty ? "nothing" : conclusion.chosen.joined(separator: ", ")
        let refused = conclusion.refused.map { "; " + $0 }.joined()
        return (conclusion, "its program chose \(chosen)\(refused)".shortened(to: 500))
    }

    /// Writes what has been chosen, but not the place of the task, which is the caller's to write.
    private mutating func conclude(
        _ task: inout TaskItem, _ conclusion: TaskRouter.Conclusion, because reason: String, _ attempt: Attempt?
    ) throws {
        guard let routing = task.definition.routing else { return }
        task.definition.routing = nil
        task.definition.model = conclusion.model
        task.definition.thinking = conclusion.thinking
        task.definition.route = routing.rule
        task.pool = conclusion.pool
        task.priority = conclusion.priority
        task.reason = nil
        if let pool = state.settings[conclusion.pool], conclusion.pool != routing.pool {
            if !routing.given.contains(.timeout) { task.timeout = pool.timeout }
            if !routing.given.contains(.idleTimeout) { task.idleTimeout = pool.idleTimeout }
            if !routing.given.contains(.retries) { task.retry.retries = pool.retries }
        }
        try store.saveChoice(of: task)
        event(.taskRouted, of: task, attempt: attempt, detail: reason)
    }

    /// How long an attempt may run, and how long it may be quiet; in milliseconds.
    func timeouts(of task: TaskItem, _ attempt: Attempt) -> (run: Int64?, idle: Int64?) {
        guard attempt.isRouting else { return (task.timeout, task.idleTimeout) }
        let rule = state.rules.routes.first { $0.name == task.definition.routing?.rule }
        return (rule?.program?.timeout ?? RouteRule.Program.defaultTimeout, nil)
    }
}
