import OrchProtocol

/// Many tasks, one a row.
public enum TaskTable {
    /// The rows of `orchctl list`.
    public static func make(_ tasks: [TaskRecord], columns: [TaskColumn] = TaskColumn.usual, now: WireTime) -> Table {
        var table = Table(columns.map(\.column))
        for task in tasks { table.add(columns.map { $0.cell(task, now: now) }) }
        return table
    }
}
