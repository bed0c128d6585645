import OrchProtocol

/// Other work for a task that is there.
extension Turn {
    /// Puts it in the place of what the task would have done, by the rules of submit. The pool that its tags name is one that is named in
    /// the request.
    func changeWork(of task: inout TaskItem, _ attempt: Attempt?, _ change: inout UpdateParameters) throws {
        var spec = TaskSpec(prompt: change.prompt)
        spec.arguments = change.arguments
        try SpecRules.check(spec, path: nil)
        // What was only ordered has not been tried: see `needsTakingBack`.
        let tried = task.attempts - (attempt.map { $0.isOrdered && !$0.isRouting } ?? false ? 1 : 0)
        guard tried == 0 else {
            throw WireError(
                .invalidState,
                "task \(task.id) has been tried with its present work and keeps it; cancel it, and submit a new task")
        }
        switch (task.definition.work, change.prompt) {
        case (.command, nil): task.definition.work = .command(change.arguments ?? [])
        case (.prompt, let prompt?):
            let current = task.definition.routing?.pool ?? task.pool
            let choice = try router().retag(prompt, in: current, to: change.pool)
            task.definition.work = .prompt(choice.prompt ?? prompt)
            if let model = choice.model { task.definition.model = model }
            if let thinking = choice.thinking { task.definition.thinking = thinking }
            if !choice.needs.isEmpty { task.definition.options.needs = choice.needs }
            if choice.isPoolGiven { change.pool = choice.pool }
            if choice.model != nil { task.definition.routing?.given.insert(.model) }
            if choice.thinking != nil { task.definition.routing?.given.insert(.thinking) }
        case (.command, _?):
            throw WireError(
                .invalidParameter, "task \(task.id) runs a command; replace it by a command, or submit a new task",
                field: "prompt")
        case (.prompt, nil):
            throw WireError(
                .invalidParameter, "task \(task.id) has a prompt; replace it by a prompt, or submit a new task",
                field: "command")
        }
    }
}
