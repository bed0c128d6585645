import Foundation
import GRDB
import GRDBSQLite
import Platform
import Synchronization

/// Moves what is committed from the WAL to the database file, beside the turns: they would else wait for it, every few hundred
/// commits, for as long as a slow disk takes to write some thousand pages here and there.
///
/// SQLite begins the WAL again only when all of it has been moved, which beside a writer never happens: when the bulk has been
/// moved, the writer moves what it has added meanwhile, which is little.
final class Checkpointer: Sendable {
    /// Pages in the WAL that are worth moving.
    private static let enough = 4_000
    /// Pages at which the writer waits, so that the WAL does not grow without bound.
    private static let tooMany = 32_000

    private struct State {
        /// Pages in the WAL after the last commit.
        var pages = 0
        var isRunning = false
        /// The bulk has been moved, and the rest is left for the writer.
        var isRestLeft = false
    }

    private let connection: DatabaseQueue
    private let queue: SerialQueue
    private let state = Mutex(State())

    /// - Parameter path: of a database in WAL mode.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        connection = try DatabaseQueue(path: path, configuration: configuration)
        queue = try SerialQueue("checkpoint")
    }

    /// Makes the writer's connection report its commits, instead of moving anything by itself. It must not outlive this.
    func observe(_ db: Database) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            db.sqliteConnection,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                let checkpointer = Unmanaged<Checkpointer>.fromOpaque(context).takeUnretainedValue()
                checkpointer.state.withLock { $0.pages = Int(pages) }
                return SQLITE_OK
            }, context)
    }

    /// Comes after each commit, on the writer's thread.
    func committed(_ db: Database) {
        let (isRestLeft, mustStart, mustWait) = state.withLock { state in
            let mustStart = state.pages >= Self.enough && !state.isRunning && !state.isRestLeft
            defer {
                if mustStart { state.isRunning = true }
                state.isRestLeft = false
            }
            return (state.isRestLeft, mustStart, state.pages >= Self.tooMany)
        }
        if isRestLeft { Self.checkpoint(db) }
        if mustStart { queue.async { self.run() } }
        if mustWait { queue.waitUntilIdle() }
    }

    private func run() {
        connection.writeWithoutTransaction { Self.checkpoint($0) }
        state.withLock {
            $0.isRunning = false
            $0.isRestLeft = true
        }
    }

    /// What cannot be moved now, because somebody reads what was there before or the disk is full, stays for the next time.
    private static func checkpoint(_ db: Database) {
        sqlite3_wal_checkpoint_v2(db.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    }

    func close() throws {
        queue.waitUntilIdle()
        try connection.close()
    }
}
