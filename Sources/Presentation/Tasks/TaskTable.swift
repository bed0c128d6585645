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
