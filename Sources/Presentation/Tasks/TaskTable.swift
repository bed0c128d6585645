import OrchProtocol

/// Many tasks, one a row.
public enum TaskTable {
    /// The rows of `orchctl list`.
    ///
    /// - Parameter userName: what a user is called; nil for a number without a name.
    public static func make(
        _ tasks: [TaskRecord], columns: [TaskColumn] = TaskColumn.usual, now: Timestamp,
        userName: (UInt32) -> String? = { _ in nil }
    ) -> Table {
        var table = Table(columns.map(\.column))
        for task in tasks { table.add(columns.map { $0.cell(task, now: now, userName: userName) }) }
        return table
    }
}

/// What `orchctl list` can show of a task. What is of an attempt is of the latest one.
public enum TaskColumn: String, CaseIterable, Sendable {
    case id, state, pool, task, tries, time, reason
    case name, comment, priority, user, model, worker, pid, submitted, due, started, finished, outcome, cpu, memory, read,
        written,
        tokens,
        cost

    /// Those that are shown where none are asked for.
    public static let usual: [TaskColumn] = [.id, .state, .pool, .task, .tries, .time, .reason]

    private static let numbers: Set<Self> = [
        .id, .tries, .time, .priority, .pid, .cpu, .memory, .read, .written, .tokens, .cost,
    ]
    private static let texts: Set<Self> = [.task, .reason, .name, .comment, .model, .outcome]

    var column: Table.Column {
        Table.Column(rawValue.uppercased(), alignsRight: Self.numbers.contains(self), shrinks: Self.texts.contains(self))
    }

    func cell(_ task: TaskRecord, now: Timestamp, userName: (UInt32) -> String?) -> Table.Cell {
        let attempt = task.attempts.last
        func moment(_ time: Timestamp?) -> Table.Cell { .init(time.map { LocalTime.short($0, now: now) } ?? "") }
        func text(_ text: String?) -> Table.Cell { .init(text.map(SafeText.line) ?? "") }
        switch self {
        case .id: return .init(String(task.id))
        case .state: return .init(TaskText.state(task), TaskText.role(task))
        case .pool: return text(task.pool)
        case .task: return .init(TaskText.title(task))
        case .tries: return .init(String(task.attemptCount))
        case .time: return .init(TaskText.duration(task, now: now))
        case .reason: return .init(TaskText.reason(task) ?? "", task.state == .failed ? .bad : .dim)
        case .name: return text(task.name)
        case .comment: return text(task.comment)
        case .priority: return .init(String(task.priority))
        case .user: return .init(SubmitterText.text(task.submitter, for: task.subject, userName))
        case .model: return text(task.model)
        case .worker: return text(attempt?.worker)
        case .pid: return text(attempt?.pid.map { String($0) })
        case .submitted: return moment(task.submittedAt)
        case .due: return moment(task.dueAt)
        case .started: return moment(task.startedAt)
        case .finished: return moment(task.finishedAt)
        case .outcome: return text(attempt?.outcome.map(OutcomeText.text))
        case .cpu: return text(attempt?.cpuUser.map { DurationText.text($0 + (attempt?.cpuSystem ?? 0)) })
        case .memory: return text(attempt?.peakMemory.map(ByteText.text))
        case .read: return text(attempt?.bytesRead.map(ByteText.text))
        case .written: return text(attempt?.bytesWritten.map(ByteText.text))
        case .tokens: return text(attempt?.usage.flatMap(UsageText.tokens))
        case .cost: return text(attempt?.usage?.cost.map(UsageText.cost))
        }
    }
}

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

/// The files that an attempt has left, one a row: `orchctl files`.
public enum FileTable {
    public static func make(_ files: [ResultFile]) -> Table {
        var table = Table([.init("FILE", shrinks: true), .init("SIZE", alignsRight: true)])
        for file in files { table.add([.init(SafeText.line(file.name)), .init(ByteText.text(file.size))]) }
        return table
    }

    /// What is not there, and why: `3 left behind, a directory: only the files at the top are kept: a, b, c`.
    public static func text(_ left: LeftBehind) -> String {
        let more = left.count > left.names.count ? ", …" : ""
        let names = left.names.map { SafeText.line($0) }.joined(separator: ", ")
        return "\(left.count) not kept (\(SafeText.line(left.reason))): \(names)\(more)"
    }
}
