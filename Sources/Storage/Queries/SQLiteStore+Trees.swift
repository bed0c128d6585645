import OrchProtocol
import Scheduling

/// Who is below whom, for those who look.
extension SQLiteStore {
    /// Those of some tasks that are below another one. It costs what there is above them.
    public func descendants(of task: Int64, among ids: [Int64]) throws -> Set<Int64> {
        let list = "[" + ids.map(String.init).joined(separator: ",") + "]"
        return try read { db in
            // A parent has a lower number than its child, so each way up ends, whatever the rows say.
            Set(
                try db.rows(
                    """
                    WITH RECURSIVE way (id, above) AS (
                        SELECT id, parent FROM task WHERE id IN (SELECT value FROM json_each(?1)) AND parent < id
                        UNION ALL
                        SELECT way.id, task.parent FROM way JOIN task ON task.id = way.above
                        WHERE way.above > ?2 AND task.parent < task.id
                    )
                    SELECT DISTINCT id FROM way WHERE above = ?2
                    """, [list, task]
                ) { try $0.next() })
        }
    }

    /// A task and those above it, up to the one that a user has submitted.
    public func line(to task: Int64) throws -> [TaskItem] {
        try read { db in
            var line: [TaskItem] = []
            var next = task
            while next > 0, let item = try db.row(TaskColumns.selectByID, [next], TaskColumns.read) {
                line.append(item)
                guard item.ancestry.parent < item.id else { break }
                next = item.ancestry.parent
            }
            return line
        }
    }
}
