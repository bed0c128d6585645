import OrchProtocol

/// Many tasks, one a row.
public enum TaskTable {
    /// The rows of `orchctl list`.
    public static func make(_ tasks: [TaskRecord], now: WireTime) -> Table {
        var table = Table([
            .init("ID", alignsRight: true), .init("STATE"), .init("POOL"), .init("TASK", shrinks: true),
            .init("TRIES", alignsRight: true), .init("TIME", alignsRight: true), .init("REASON", shrinks: true),
        ])
        for task in tasks {
            table.add([
                .init(String(task.id)), .init(TaskText.state(task), TaskText.role(task)), .init(SafeText.line(task.pool)),
                .init(TaskText.title(task)), .init(String(task.attemptCount)), .init(TaskText.duration(task, now: now)),
                .init(SafeText.line(task.reason ?? ""), task.state == .failed ? .bad : .dim),
            ])
        }
        return table
    }
}
