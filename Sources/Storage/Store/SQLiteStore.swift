import CSQLite
import Foundation
import GRDB
import Glibc
import OrchProtocol
import Scheduling
import Synchronization

/// The queue on the disk: one connection that writes, and others that read beside it.
///
/// The writer is in WAL mode with `synchronous=FULL`, so that a commit is on the disk when it returns.
public final class SQLiteStore: TurnStore {
    public typealias Transaction = SQLiteTransaction

    /// How many events a client may have missed and still get.
    static let eventsKept: Int64 = 200_000

    public let path: String
    let writer: DatabaseQueue
    let reader: DatabasePool
    let gate = ReadGate()
    private let checkpointer: Checkpointer
    private let progress = Progress()
    private let state: Mutex<Tally>
    /// Closed, and kept only because to release its queue has libdispatch look after its threads once a second from then on.
    private let maker: DatabaseQueue?
    /// Once, before anything else of SQLite is used.
    private static let isMemoryUncounted: Void = sqlite_count_no_memory()

    /// Opens the database, makes it where there is none, and brings an older one up to date.
    ///
    /// - Parameter path: of the file; its directory exists.
    /// - Throws: ``StorageError``. A file that is damaged, foreign or newer has then not been touched.
    public init(path: String) throws {
        self.path = path
        _ = Self.isMemoryUncounted
        try FileCheck.inspect(path)
        maker = try Self.makeIfMissing(path)
        let (writer, reader, checkpointer, tally) = try translatingErrors(of: path) {
            let writer = try Self.openWriter(path)
            let tally = try writer.writeWithoutTransaction { db in
                try Self.migrate(db, path: path)
                if try QueueNumbers.read(db).numbers.isEmpty { try QueueNumbers.draw(db) }
                return try Self.loadTally(db)
            }
            let checkpointer = try Checkpointer(path: path)
            writer.writeWithoutTransaction { checkpointer.observe($0) }
            return (writer, try Self.openReader(path), checkpointer, tally)
        }
        self.writer = writer
        self.reader = reader
        self.checkpointer = checkpointer
        state = Mutex(tally)
        writer.writeWithoutTransaction { progress.observe($0) }
    }

    /// Calls the listener again and again while a transaction is on its way, on the thread that has it.
    public func whileWriting(_ listener: @escaping @Sendable () -> Void) { progress.tell(listener) }

    /// Makes a new database beside the path and moves it there when it is whole: an empty or half-made one at the path is then always
    /// a damaged one, and not a start that was cut short.
    private static func makeIfMissing(_ path: String) throws -> DatabaseQueue? {
        guard !FileManager.default.fileExists(atPath: path) else { return nil }
        let new = path + ".new"
        for suffix in ["", "-journal"] { try? FileManager.default.removeItem(atPath: new + suffix) }
        let queue = try translatingErrors(of: path) {
            let queue = try DatabaseQueue(path: new)
            try queue.writeWithoutTransaction { try Schema.migrate($0, from: 0) }
            try queue.close()
            return queue
        }
        guard rename(new, path) == 0, DurableFile.syncDirectory(of: path) else {
            throw StorageError(.failed, "cannot make the database \(path): \(String(cString: strerror(errno)))")
        }
        return queue
    }

    private static func openWriter(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        // GRDB sets synchronous=NORMAL for WAL after it has opened the file, so FULL must come after that.
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
        }
        return queue
    }

    private static func openReader(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(10)
        return try DatabasePool(path: path, configuration: configuration)
    }

    private static func migrate(_ db: Database, path: String) throws {
        // FileCheck saw the file; what a WAL beside it holds is seen only now.
        let version = try SchemaVersion(of: db)
        guard version.isReadable(by: Schema.version) else { throw StorageError.newer(path, version) }
        guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            throw tables == 0 ? StorageError.damaged(path, "it is empty") : StorageError.foreign(path)
        }
        try Schema.migrate(db, from: version.version)
    }

    private static func loadTally(_ db: Database) throws -> Tally {
        var tally = Tally()
        let places = try db.rows("SELECT pool, phase, count FROM tally") {
            (try $0.next(String.self), try $0.raw(Phase.self), try $0.next(Int.self))
        }
        for (pool, phase, count) in places { tally.load(count, in: pool, phase) }
        let live = try db.rows(
            "SELECT pool, state, count(*) FROM attempt INDEXED BY attempt_live WHERE state <> 2 GROUP BY pool, state"
        ) { (try $0.next(String.self), try $0.raw(Attempt.State.self), try $0.next(Int.self)) }
        for (pool, state, count) in live { tally.addLive(count, in: pool, state: state) }
        tally.hasTrees = try db.value("SELECT EXISTS (SELECT 1 FROM tree)") ?? false
        tally.hasEndings = try db.value("SELECT EXISTS (SELECT 1 FROM ending)") ?? false
        tally.workers = try db.value("SELECT count(*) FROM worker") ?? 0
        tally.openQuestions = try db.value("SELECT count(*) FROM question WHERE state = 0") ?? 0
        try loadLanes(&tally, db)
        for gate in try GateColumns.all(db) { tally.gates[gate.name] = gate }
        return tally
    }

    /// Counts the few tasks that are in a lane, where that is the index' affair alone.
    private static func loadLanes(_ tally: inout Tally, _ db: Database) throws {
        for pool in tally.occupiedPools where tally.tasks(in: pool).ready > 0 {
            let lanes = try db.rows(
                "SELECT lane, count(*) FROM task WHERE phase = 0 AND pool = ? AND lane > '' GROUP BY lane", [pool]
            ) { (try $0.next(String.self), try $0.next(Int.self)) }
            for (lane, count) in lanes { tally.addToLane(count, at: .init(pool: pool, phase: .ready, lane: lane)) }
        }
        let busy = try db.rows(
            """
            SELECT task.lane, count(*) FROM attempt INDEXED BY attempt_live JOIN task ON task.id = attempt.task
            WHERE attempt.state <> 2 AND task.phase = 3 AND task.lane > '' GROUP BY task.lane
            """
        ) { (try $0.next(String.self), try $0.next(Int.self)) }
        for (lane, count) in busy { tally.addToLane(count, at: .init(pool: "", phase: .active, lane: lane)) }
    }

    /// Runs a body in one transaction. When this returns, what the body wrote is on the disk; when it throws, nothing is.
    ///
    /// Blocks for as long as the disk takes. Only the turn loop's thread calls it.
    ///
    /// - Throws: ``StorageError``, or what the body throws.
    public func transaction<T>(_ body: (SQLiteTransaction) throws -> T) throws -> T {
        try translatingErrors(of: path) {
            try writer.writeWithoutTransaction { db in
                let transaction = SQLiteTransaction(db: db, tally: state.withLock { $0 }, progress: progress)
                var result: T?
                try db.inTransaction(.immediate) {
                    result = try body(transaction)
                    try transaction.storeTally()
                    return .commit
                }
                checkpointer.committed(db)
                let tally = transaction.tally
                state.withLock { $0 = tally }
                guard let result else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
                return result
            }
        }
    }

    /// The counts as of the last commit.
    public var counts: Tally { state.withLock { $0 } }

    /// Closes all connections, after those who are reading. What is committed stays, and a later read gets an error.
    public func close() throws {
        gate.close()
        try reader.close()
        try writer.close()
        try checkpointer.close()
    }
}
