import OrchProtocol

/// What `stop`, `retry`, `hold` and `release` did, in words.
enum Changed {
    /// - Parameter done: the past participle: `held`.
    static func text(_ changed: TasksChanged, done: String) -> String {
        if changed.count == 0 { return "no task was \(done)\n" }
        guard changed.count == changed.tasks.count, changed.count <= 20 else { return "\(changed.count) tasks \(done)\n" }
        return changed.tasks.map { "task \($0.id) \(done)\n" }.joined()
    }

    /// The same for `stop`, which answers before a running task has come to its end.
    static func stopped(_ changed: TasksChanged) -> String {
        let running = changed.tasks.filter { !$0.state.isFinal }
        guard !running.isEmpty, changed.count <= 20 else { return text(changed, done: "stopped") }
        return changed.tasks.map { "task \($0.id) \($0.state.isFinal ? "stopped" : "is being stopped")\n" }.joined()
    }
}
