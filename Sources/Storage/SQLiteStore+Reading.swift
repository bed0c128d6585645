import Foundation
import GRDB
import OrchProtocol
import Scheduling

/// What needs no decision is read beside the turn loop, from snapshots.
extension SQLiteStore {
    /// - Throws: ``StorageError``.
    public func record(of id: Int64) throws -> TaskRecord? {
        try read { db in
            guard let task = try db.row(TaskColumns.selectByID, [id], TaskColumns.read) else {
                return nil
            }
            let attempts = try db.rows(
                "SELECT \(AttemptColumns.all) FROM attempt WHERE task = ? ORDER BY number", [id], AttemptColumns.read)
            return TaskRecord(task, attempts: attempts)
        }
    }

    /// The task and its attempt of a number, or its latest.
    public func attempt(_ number: Int?, of id: Int64) throws -> (task: TaskItem, attempt: Attempt?)? {
        try read { db in
            guard let task = try db.row(TaskColumns.selectByID, [id], TaskColumns.read) else {
                return nil
            }
            let attempt = try db.row(
                "SELECT \(AttemptColumns.all) FROM attempt WHERE task = ? AND (?2 IS NULL OR number = ?2) ORDER BY number DESC LIMIT 1",
                [id, number], AttemptColumns.read)
            return (task, attempt)
        }
    }

    /// One more task than the page has, so that it shows whether there are more.
    func pageStatement(_ query: ListParameters, limit: Int) -> (sql: String, arguments: [any SQLValue]) {
        var conditions: [String] = []
        var arguments: [any SQLValue] = []
        if let states = query.states, !states.isEmpty {
            conditions.append("(" + states.map(Self.condition).joined(separator: " OR ") + ")")
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

    /// Tasks from the newest to the oldest.
    public func page(_ query: ListParameters, limit: Int) throws -> TaskPage {
        let (sql, arguments) = pageStatement(query, limit: limit)
        return try read { db in
            var tasks = try db.rows(sql, arguments, TaskColumns.read)
            let isCut = tasks.count > limit
            if isCut { tasks.removeLast() }
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
    private static func condition(for state: TaskState) -> String {
        let started = "EXISTS (SELECT 1 FROM attempt WHERE attempt.task = task.id AND attempt.state = 1)"
        return switch state {
        case .queued: "phase < 3 OR (phase = 3 AND NOT \(started))"
        case .running: "(phase < 4 AND phase <> 0 AND phase = 3 AND \(started))"
        case .succeeded: "phase = 4"
        case .failed: "(phase >= 5 AND phase = 5)"
        case .cancelled: "(phase >= 5 AND phase = 6)"
        case .expired: "(phase >= 5 AND phase = 7)"
        }
    }

    /// The attempts that have started and not ended, with their tasks.
    public func running() throws -> [(task: TaskItem, attempt: Attempt)] {
        try read { db in
            let attempts = try db.rows(
                "SELECT \(AttemptColumns.all) FROM attempt INDEXED BY attempt_live WHERE state < 2 AND state = 1 ORDER BY pool, slot",
                [], AttemptColumns.read)
            return try attempts.compactMap { attempt in
                let task = try db.row(
                    TaskColumns.selectByID, [attempt.task], TaskColumns.read)
                return task.map { ($0, attempt) }
            }
        }
    }

    public func pools() throws -> [PoolState] {
        try read { db in
            try db.rows("SELECT name, mode, slots, configured_slots FROM pool ORDER BY name") {
                PoolState(
                    name: try $0.next(), mode: try $0.raw(), slots: try $0.next(), configuredSlots: try $0.next())
            }
        }
    }

    public func lastEvent() throws -> Int64 {
        try read { db in
            try db.row("SELECT seq + count - 1 FROM event ORDER BY seq DESC LIMIT 1") { try $0.next() } ?? 0
        }
    }

    /// Events after a number, some thousands at a time; empty when there are no more.
    public func events(after seq: Int64) throws -> [Event] {
        let chunks: [Data] = try read { db in
            // The row that holds the next event is the last one that begins at or before it.
            var chunks: [Data] = []
            var count = 0
            try db.forEachRow(
                """
                SELECT count, lines FROM event
                WHERE seq >= coalesce((SELECT max(seq) FROM event WHERE seq <= ?1 + 1), 0) AND seq + count > ?1 + 1
                ORDER BY seq
                """, [seq]
            ) {
                count += try $0.next(Int.self)
                chunks.append(try $0.next())
                return count < Self.eventsAtOnce
            }
            return chunks
        }
        do {
            return try chunks.flatMap { chunk in
                try chunk.split(separator: UInt8(ascii: "\n")).compactMap { line in
                    let event = try Wire.decode(Event.self, from: Data(line))
                    return event.seq > seq ? event : nil
                }
            }
        } catch is DecodingError {
            throw StorageError(.damaged, "the database \(path) holds an event that is none; restore a backup")
        }
    }

    private static let eventsAtOnce = 4_000

    /// The oldest event that is kept, or nil where there is none.
    public func firstEvent() throws -> Int64? {
        try read { db in try db.row("SELECT seq FROM event ORDER BY seq LIMIT 1") { try $0.next() } }
    }

    private func read<T>(_ body: (Database) throws -> T) throws -> T {
        try translatingErrors(of: path) { try reader.read(body) }
    }
}
