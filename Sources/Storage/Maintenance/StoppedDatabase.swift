import Foundation
import GRDB
import OrchProtocol

/// A database that no engine uses: one that is looked at, or a backup on its way to become the queue.
public enum StoppedDatabase {
    /// Numbers that were handed out and must not be used again.
    public struct Counters: Sendable, Equatable {
        public var task: Int64 = 0
        public var attempt: Int64 = 0
        public var event: Int64 = 0

        public init(task: Int64 = 0, attempt: Int64 = 0, event: Int64 = 0) {
            self.task = task
            self.attempt = attempt
            self.event = event
        }

        public func merged(with other: Counters) -> Counters {
            Counters(task: max(task, other.task), attempt: max(attempt, other.attempt), event: max(event, other.event))
        }
    }

    /// Reads all of a database and says what is in it.
    ///
    /// - Throws: ``StorageError`` for one that is damaged, newer, or another program's.
    public static func verify(_ path: String) throws -> BackupResult {
        try FileCheck.inspect(path)
        guard FileManager.default.fileExists(atPath: path) else {
            throw StorageError(.failed, "there is no database \(path)")
        }
        return try reading(path) { db in
            let version = try SchemaVersion(of: db)
            guard version.isReadable(by: Schema.version) else { throw StorageError.newer(path, version) }
            // The rows of the one, and of all tables the references from one to the other.
            let faults = try String.fetchAll(db, sql: "PRAGMA integrity_check(3)").filter { $0 != "ok" }
            guard faults.isEmpty, try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil else {
                throw StorageError.damaged(path, faults.first ?? "its tables do not fit together")
            }
            let tasks = try SQLiteStore.taskCounts(db)
            return BackupResult(
                size: SQLiteStore.size(of: path), tasks: tasks.all, unfinished: tasks.unfinished,
                madeAt: Timestamp(milliseconds: try backedUpAt(db) ?? 0))
        }
    }

    /// - Throws: ``StorageError`` where it cannot be read.
    public static func counters(of path: String) throws -> Counters {
        try reading(path) { db in
            Counters(
                task: try lastID(of: "task", db), attempt: try lastID(of: "attempt", db),
                event: try SQLiteStore.lastEvent(db))
        }
    }

    /// The highest id that a table has handed out.
    static func lastID(of table: String, _ db: Database) throws -> Int64 {
        try db.value("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]) ?? 0
    }

    private static func backedUpAt(_ db: Database) throws -> Int64? {
        try db.value("SELECT value FROM meta WHERE name = 'backed_up_at'")
    }

    /// Moves what is in the log of a database into its file, so that the file alone is all of it.
    public static func foldLog(of path: String) throws {
        try FileCheck.inspect(path)
        try translatingErrors(of: path) {
            // SQLite does that when the last connection to a sound database closes.
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")
            }
            try queue.close()
        }
    }

    /// Makes a copy of a backup fit to be the queue: brings its tables up to date, and lets none of the numbers be used again.
    ///
    /// - Parameters:
    ///   - attempts: the highest number of an attempt that a task has had, where that is known to be more than the backup says.
    ///     Attempts that the backup does not know of count towards no limit of retries.
    ///   - wall: the time of the event that reports it.
    public static func adopt(_ path: String, after counters: Counters, attempts: [Int64: Int], at wall: Int64) throws {
        try translatingErrors(of: path) {
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                let version = try SchemaVersion(of: db)
                try Schema.migrate(db, from: version.version)
                try db.inTransaction(.immediate) {
                    try skip("task", upTo: counters.task, db)
                    try skip("attempt", upTo: counters.attempt, db)
                    // Those that are still there have tasks by now that the backup does not know of.
                    try db.run("DELETE FROM worker")
                    for (task, number) in attempts {
                        try db.run(
                            """
                            UPDATE task SET forgiven_attempts = forgiven_attempts + ?2 - attempts, attempts = ?2
                            WHERE id = ?1 AND attempts < ?2
                            """, [task, number])
                    }
                    try QueueNumbers.draw(db)
                    try note(counters.event, at: wall, db)
                    return .commit
                }
            }
            try queue.close()
        }
    }

    /// The table has no unique index, and no row for a table that never had one.
    static func skip(_ table: String, upTo id: Int64, _ db: Database) throws {
        guard id > (try lastID(of: table, db)) else { return }
        try db.run("DELETE FROM sqlite_sequence WHERE name = ?", [table])
        try db.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table, id])
    }

    /// An event whose number is above all that were seen, so that a subscriber continues from there.
    private static func note(_ last: Int64, at wall: Int64, _ db: Database) throws {
        let own = try SQLiteStore.lastEvent(db)
        var event = Event(seq: max(last, own) + 1, at: Timestamp(milliseconds: wall), kind: .daemonRestored)
        event.detail = try backedUpAt(db).map { "from a backup of \(Timestamp(milliseconds: $0))" }
        try db.run(
            "INSERT INTO event (seq, count, lines) VALUES (?, 1, ?)", [event.seq, event.line + [UInt8(ascii: "\n")]])
    }

    private static func reading<T>(_ path: String, _ body: (Database) throws -> T) throws -> T {
        try translatingErrors(of: path) {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let result = try queue.read(body)
            try queue.close()
            return result
        }
    }
}
