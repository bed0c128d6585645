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
        guard tally.hasTrees else { return TreeCounts() }
        return try db.row("SELECT made, unfinished, cost, tokens FROM tree WHERE task = ?", [id]) {
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

    public func save(_ ending: Ending) throws {
        try db.run(
            "INSERT OR REPLACE INTO ending (task, attempt, final, after) VALUES (?, ?, ?, ?)",
            [ending.task, ending.attempt, ending.isFinal, ending.after])
        tally.hasEndings = true
    }

    public func removeEnding(of id: Int64) throws { try db.run("DELETE FROM ending WHERE task = ?", [id]) }

    public func nextEnding() throws -> Ending? {
        guard tally.hasEndings else { return nil }
        let ending = try db.row("SELECT task, attempt, final, after FROM ending ORDER BY task LIMIT 1") {
            Ending(task: try $0.next(), attempt: try $0.next(), isFinal: try $0.next(), after: try $0.next())
        }
        tally.hasEndings = ending != nil
        return ending
    }

    public func trees(of roots: [TaskItem], limit: Int) throws -> [TaskItem] {
        guard tally.hasTrees else { return roots }
        var tasks: [TaskItem] = []
        for root in roots {
            tasks += try db.tasks(where: "root > 0 AND root = ? ORDER BY id DESC LIMIT ?", [root.id, limit - tasks.count])
            guard tasks.count < limit else { break }
            tasks.append(root)
        }
        return tasks
    }

    /// Final tasks that nobody may forget, since the root of their tree is not.
    var finalBelowUnfinished: Int {
        get throws {
            guard tally.hasTrees else { return 0 }
            return try db.value(
                "SELECT sum(made - unfinished) FROM tree CROSS JOIN task ON task.id = tree.task WHERE parent = 0 AND phase < 4")
                ?? 0
        }
    }

    public func ready(
        in pool: String, lane: String, root: Int64, below ancestors: [Int64], limit: Int
    ) throws -> [TaskItem] {
        let below = Self.below(ancestors, root)
        return try db.tasks(
            where: """
                phase = 0 AND root > 0 AND root = ? AND pool = ? AND lane = ? \(below.condition)
                ORDER BY depth DESC, priority DESC, id LIMIT ?
                """, [root, pool, lane] + below.arguments + [limit])
    }

    public func readyLanes(in pool: String, root: Int64) throws -> [String] {
        var lanes: [String] = []
        // From one lane to the next, past all tasks between.
        while let next: String = try db.value(
            """
            SELECT lane FROM task WHERE phase = 0 AND root > 0 AND root = ? AND pool = ? AND lane \(lanes.isEmpty ? ">=" : ">") ?
            ORDER BY lane LIMIT 1
            """, [root, pool, lanes.last ?? ""])
        {
            lanes.append(next)
        }
        return lanes
    }

    public func activeCounts(below ancestors: [Int64], root: Int64) throws -> [(pool: String, lane: String, count: Int)] {
        let below = Self.below(ancestors, root)
        return try db.rows(
            """
            SELECT pool, lane, count(*) FROM task WHERE phase = 3 AND root > 0 AND root = ? \(below.condition) GROUP BY pool, lane
            """, [root] + below.arguments
        ) { (pool: try $0.next(), lane: try $0.next(), count: try $0.next()) }
    }

    public func activeTasks() throws -> [(id: Int64, root: Int64)] {
        guard tally.hasTrees else { return [] }
        return try db.rows(
            """
            SELECT task.id, CASE task.root WHEN 0 THEN task.id ELSE task.root END FROM attempt JOIN task ON task.id = attempt.task
            WHERE attempt.state <> 2
            """
        ) { (id: try $0.next(), root: try $0.next()) }
    }

    /// A condition for tasks of a tree that are below one of some; the whole tree is below its root.
    private static func below(_ ancestors: [Int64], _ root: Int64) -> (condition: String, arguments: [(any SQLValue)?]) {
        guard !ancestors.contains(root) else { return ("", []) }
        let condition = """
            AND EXISTS (
                WITH RECURSIVE above(id) AS (
                    VALUES (task.parent)
                    UNION ALL SELECT upper.parent FROM task AS upper JOIN above ON upper.id = above.id WHERE upper.parent > 0)
                SELECT 1 FROM above WHERE id IN (SELECT value FROM json_each(?)))
            """
        return (condition, ["[\(ancestors.map(String.init).joined(separator: ","))]"])
    }

    /// A task, and all above it.
    private static let above = """
        WITH RECURSIVE above(id) AS (
            VALUES (?1) UNION ALL SELECT parent FROM task JOIN above ON task.id = above.id WHERE parent > 0)
        """

    /// Counts a task for all above it.
    func count(_ task: TaskItem, made: Int, unfinished: Int) throws {
        tally.hasTrees = true
        try db.run(
            """
            INSERT INTO tree (task, made, unfinished, ended_at) \(Self.above) SELECT id, ?2, ?3, ?4 FROM above WHERE TRUE
            ON CONFLICT DO UPDATE SET made = made + excluded.made, unfinished = unfinished + excluded.unfinished,
                ended_at = max(ended_at, excluded.ended_at)
            """, [task.ancestry.parent, made, unfinished, task.finishedAt ?? 0])
    }
}
