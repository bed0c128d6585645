import Dispatch
import Foundation
import GRDB
import OrchProtocol
import Scheduling
import Synchronization

/// What needs no decision is read beside the turn loop, from snapshots.
extension SQLiteStore {
    /// - Throws: ``StorageError``.
    ///
    /// - Parameter brief: to have only the beginning of a long command or prompt.
    public func record(of id: Int64, brief: Bool = false) throws -> TaskRecord? {
        let columns = brief ? TaskColumns.brief : TaskColumns.all
        return try read { db in
            let read = brief ? TaskColumns.readBrief : TaskColumns.read
            guard let task = try db.row("SELECT \(columns) FROM task WHERE id = ?", [id], read) else { return nil }
            let attempts = try db.attempts(where: "task = ? ORDER BY number", [id])
            return TaskRecord(task, attempts: attempts)
        }
    }

    /// The task and its attempt of a number, or its latest, which is not the program of a rule.
    public func attempt(_ number: Int?, of id: Int64) throws -> (task: TaskItem, attempt: Attempt?)? {
        try read { db in
            guard let task = try db.row(TaskColumns.selectByID, [id], TaskColumns.read) else {
                return nil
            }
            let attempts = try db.attempts(
                where: "task = ? AND number = coalesce(?2, number) AND (?2 = 0 OR number > 0) ORDER BY number DESC LIMIT 1",
                [id, number])
            return (task, attempts.first)
        }
    }

    /// An attempt by its own id, with its task.
    public func attempt(withID id: Int64) throws -> (task: TaskItem, attempt: Attempt)? {
        try read { db in
            guard let attempt = try db.row(AttemptColumns.selectByID, [id], AttemptColumns.read),
                let task = try db.row(TaskColumns.selectByID, [attempt.task], TaskColumns.read)
            else { return nil }
            return (task, attempt)
        }
    }

    /// The text of the schema that the result of a task must satisfy.
    public func resultSchema(of task: Int64) throws -> String? {
        try read { try $0.value("SELECT result_schema FROM task WHERE id = ?", [task]) }
    }

    /// The attempts that have not ended, with their tasks, by pool and slot.
    public func live() throws -> [(task: TaskItem, attempt: Attempt)] {
        try read { db in
            try db.liveAttempts(orderedBy: "pool, slot").compactMap { attempt in
                let task = try db.row(
                    "SELECT \(TaskColumns.brief) FROM task WHERE id = ?", [attempt.task], TaskColumns.readBrief)
                return task.map { ($0, attempt) }
            }
        }
    }

    /// The ids of the tasks that there are in a range.
    public func tasks(in ids: ClosedRange<Int64>) throws -> Set<Int64> {
        try read { db in
            Set(
                try db.rows("SELECT id FROM task WHERE id BETWEEN ? AND ?", [ids.lowerBound, ids.upperBound]) { try $0.next() })
        }
    }

    public func pools() throws -> [PoolState] {
        try read { db in try db.rows(PoolColumns.select, [], PoolColumns.read) }
    }

    public func lastEvent() throws -> Int64 { try read(Self.lastEvent) }

    static func lastEvent(_ db: Database) throws -> Int64 {
        try db.value("SELECT seq + count - 1 FROM event ORDER BY seq DESC LIMIT 1") ?? 0
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
            throw StorageError(.damaged, "the database \(path) has an invalid event; restore a backup")
        }
    }

    private static let eventsAtOnce = 4_000

    /// The oldest event that is kept, or nil where there is none.
    public func firstEvent() throws -> Int64? {
        try read { try $0.value("SELECT seq FROM event ORDER BY seq LIMIT 1") }
    }

    func read<T>(_ body: (Database) throws -> T) throws -> T {
        guard let result = try gate.pass({ try translatingErrors(of: path) { try reader.read(body) } }) else {
            throw StorageError(.failed, "the database \(path) is closed")
        }
        return result
    }
}

/// Counts those who are reading, so that nothing is closed under them: GRDB gives a late reader an invalid connection.
final class ReadGate: Sendable {
    private let isClosed = Mutex(false)
    private let readers = DispatchGroup()

    /// Runs a body unless the gate is closed; then it returns nil.
    func pass<T>(_ body: () throws -> T) rethrows -> T? {
        let isOpen = isClosed.withLock { isClosed in
            if !isClosed { readers.enter() }
            return !isClosed
        }
        guard isOpen else { return nil }
        defer { readers.leave() }
        return try body()
    }

    /// Lets nobody in any more, and waits for those who are.
    func close() {
        isClosed.withLock { $0 = true }
        readers.wait()
    }
}
