import GRDB
import OrchProtocol
import Scheduling

/// Tasks that were submitted by tasks. What is below a task is counted in a row of its own, which is written with the task's first child
/// and kept in step here, as ``Tally`` is: so no limit and no end of a tree looks at its tasks.
extension SQLiteTransaction {
    public func saveAncestry(of task: TaskItem) throws {
        try db.run(TaskColumns.updateAncestry, TaskColumns.moving, of: task, id: task.id)
        assert(db.changesCount == 1, "task \(task.id) has no row to change")
    }

    public func forgetKey(of id: Int64) throws {
        try db.run("UPDATE task SET key = NULL WHERE id = ?", [id])
    }

    public func counts(below id: Int64) throws -> TreeCounts {
        try db.row("SELECT made, unfinished, cost, tokens FROM tree WHERE task = ?", [id]) {
            TreeCounts(
                made: try $0.next(), unfinished: try $0.next(),
                spending: Spending(cost: try $0.next(), tokens: try $0.next()))
        } ?? TreeCounts()
    }

    public func unfinishedChildren(of id: Int64, after: Int64, limit: Int) throws -> [TaskItem] {
        try db.tasks(where: "parent > 0 AND phase < 4 AND parent = ? AND id > ? ORDER BY id LIMIT ?", [id, after, limit])
    }

    public func spend(_ more: Spending, insteadOf known: Spending, below id: Int64) throws {
        // As real numbers, since a sum of integers fails where it overflows.
        try db.run(
            """
            \(Self.above) UPDATE tree SET cost = CAST(max(0.0, 0.0 + cost + ?2) AS INTEGER),
                tokens = CAST(max(0.0, 0.0 + tokens + ?3) AS INTEGER)
            WHERE task IN (SELECT id FROM above)
            """, [id, more.cost - known.cost, more.tokens - known.tokens])
    }

    /// A task, and all above it.
    private static let above = """
        WITH RECURSIVE above(id) AS (
            VALUES (?1) UNION ALL SELECT parent FROM task JOIN above ON task.id = above.id WHERE parent > 0)
        """

    /// Counts a task for all above it.
    func count(_ task: TaskItem, made: Int, unfinished: Int) throws {
        try db.run(
            """
            INSERT INTO tree (task, made, unfinished) \(Self.above) SELECT id, ?2, ?3 FROM above WHERE TRUE
            ON CONFLICT DO UPDATE SET made = made + excluded.made, unfinished = unfinished + excluded.unfinished
            """, [task.ancestry.parent, made, unfinished])
    }
}
