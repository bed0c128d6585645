import Foundation
import GRDB
import OrchProtocol

extension SQLiteStore {
    /// The size of the database without what is still in its log, in bytes: about what a backup takes.
    public var size: Int64 { Self.size(of: path) }

    /// Writes a copy of everything that is committed now to a new file, while the queue is in use.
    ///
    /// The copy is one file, as of one moment: it holds a snapshot until it is done, in which time the log cannot be emptied and grows.
    ///
    /// - Parameters:
    ///   - wall: the time that it will say it was made at.
    ///   - progress: gets the part that is done, 0 to 1, every few megabytes. What it throws ends the backup.
    /// - Throws: ``StorageError``, about the copy.
    public func backUp(to copy: String, at wall: Int64, progress: @escaping (Double) throws -> Void) throws -> BackupResult {
        // A connection of its own: those that answer clients are few.
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        return try translatingErrors(of: copy) {
            let source = try DatabaseQueue(path: path, configuration: configuration)
            let target = try DatabaseQueue(path: copy)
            try source.read { source in
                // Takes the snapshot. Without one SQLite would begin again whenever the queue changes between two steps.
                _ = try Row.fetchOne(source, sql: "SELECT 1 FROM sqlite_schema")
                try target.writeWithoutTransaction { target in
                    try source.backup(to: target, pagesPerStep: Self.pagesPerStep) {
                        try progress(1 - Double($0.remainingPageCount) / Double(max($0.totalPageCount, 1)))
                    }
                }
            }
            try source.close()
            let tasks = try target.writeWithoutTransaction { db in
                // So that it is a single file also when it is looked at.
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
                try db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('backed_up_at', ?)", [wall])
                return try Self.taskCounts(db)
            }
            try target.close()
            return BackupResult(
                size: Self.size(of: copy), tasks: tasks.all, unfinished: tasks.unfinished,
                madeAt: Timestamp(milliseconds: wall))
        }
    }

    /// 4 MiB.
    private static let pagesPerStep: Int32 = 1024

    static func taskCounts(_ db: Database) throws -> (all: Int, unfinished: Int) {
        try db.row("SELECT coalesce(sum(count), 0), coalesce(sum(count) FILTER (WHERE phase < 4), 0) FROM tally") {
            (try $0.next(), try $0.next())
        } ?? (0, 0)
    }

    static func size(of path: String) -> Int64 {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int64) ?? 0
    }
}
