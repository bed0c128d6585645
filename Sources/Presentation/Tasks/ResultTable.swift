import OrchProtocol

/// Finished tasks with the beginnings of their results, one a row: `orchctl results`.
public enum ResultTable {
    public static func make(_ tasks: [TaskRecord], now: Timestamp) -> Table {
        var table = Table([
            .init("ID", alignsRight: true), .init("STATE"), .init("TASK", shrinks: true), .init("ENDED", alignsRight: true),
            .init("RESULT", shrinks: true),
        ])
        for task in tasks {
            table.add([
                .init(String(task.id)), .init(TaskText.state(task), TaskText.role(task)), .init(TaskText.title(task)),
                .init(task.finishedAt.map { RelativeTime.text($0, now: now) } ?? ""),
                .init(SafeText.line(LegacyResult.preview(task)), task.state == .failed ? .bad : .plain),
            ])
        }
        return table
    }
}
