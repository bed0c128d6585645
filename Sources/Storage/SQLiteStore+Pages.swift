import GRDB
import OrchProtocol
import Scheduling

/// Lists of tasks.
extension SQLiteStore {
    /// One more task than the page has, so that it shows whether there are more.
    func pageStatement(_ query: ListParameters, limit: Int) -> (sql: String, arguments: [any SQLValue]) {
        var conditions: [String] = []
        var arguments: [any SQLValue] = []
        if let states = query.states, !states.isEmpty {
            conditions.append("(" + Self.conditions(for: Set(states)).joined(separator: " OR ") + ")")
        }
        if let pool = query.pool {
            conditions.append("pool = ?")
            arguments.append(pool)
        }
        if let name = query.name {
            conditions.append("name = ?")
            arguments.append(name)
        }
        for (key, value) in (query.labels ?? [:]).sorted(by: { $0.key < $1.key }) {
            conditions.append("EXISTS (SELECT 1 FROM json_each(task.labels) WHERE json_each.key = ? AND json_each.value = ?)")
            arguments += [key, value]
        }
        if let cursor = query.cursor {
            conditions.append("id < ?")
            arguments.append(cursor)
        }
        let filter = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql = "SELECT \(TaskColumns.all) FROM task \(filter) ORDER BY id DESC LIMIT \(limit + 1)"
        return (sql, arguments)
    }

    /// Bytes of commands and prompts after which a page ends early, so that no list takes memory without bound.
    private static let pageSize = 1 << 20

    /// Tasks from the newest to the oldest; fewer than the limit where they are large.
    public func page(_ query: ListParameters, limit: Int) throws -> TaskPage {
        let (sql, arguments) = pageStatement(query, limit: limit)
        return try read { db in
            var tasks: [TaskItem] = []
            var size = 0
            var isCut = false
            try db.forEachRow(sql, arguments) { columns in
                isCut = tasks.count == limit || size >= Self.pageSize
                guard !isCut else { return false }
                let task = try TaskColumns.read(&columns)
                size += task.definition.work.size
                tasks.append(task)
                return true
            }
            let records = try tasks.map { task in
                let latest = try db.rows(
                    "SELECT \(AttemptColumns.all) FROM attempt WHERE task = ? ORDER BY number DESC LIMIT 1", [task.id],
                    AttemptColumns.read)
                return TaskRecord(task, attempts: latest)
            }
            return TaskPage(tasks: records, nextCursor: isCut ? records.last?.id : nil)
        }
    }

    /// The conditions of the partial indexes are repeated in full, since SQLite does not conclude one from another.
    ///
    /// A task whose attempt has not been started yet is queued to the eye, although the supervisor has it.
    private static func conditions(for states: Set<TaskState>) -> [String] {
        // Whatever is not final, then: no attempt needs to be looked at.
        if states.isSuperset(of: [.queued, .running]) {
            return ["phase < 4"] + conditions(for: states.subtracting([.queued, .running]))
        }
        let started = "SELECT task FROM attempt INDEXED BY attempt_live WHERE state <> 2 AND state = 1"
        return TaskState.allCases.filter(states.contains).map { state in
            switch state {
            case .queued: "(phase < 4 AND (phase < 3 OR id NOT IN (\(started))))"
            case .running: "id IN (\(started))"
            case .succeeded: "phase = 4"
            case .failed: "(phase >= 5 AND phase = 5)"
            case .cancelled: "(phase >= 5 AND phase = 6)"
            case .expired: "(phase >= 5 AND phase = 7)"
            default: "FALSE"
            }
        }
    }
}
