import GRDB
import Scheduling

/// Warm workers without a task.
extension SQLiteTransaction {
    public func insertWorker(pool: String, fingerprint: Int64, since: Int64) throws -> Worker {
        let worker = Worker(
            id: try StoppedDatabase.lastID(of: "attempt", db) + 1, pool: pool, fingerprint: fingerprint, since: since)
        try StoppedDatabase.skip("attempt", upTo: worker.id, db)
        try db.run(
            "INSERT INTO worker (id, pool, state, definition, since) VALUES (?, ?, ?, ?, ?)",
            [worker.id, pool, worker.state.rawValue, fingerprint, since])
        tally.workers += 1
        return worker
    }

    public func worker(_ id: Int64) throws -> Worker? {
        guard hasWorkers else { return nil }
        return try db.row("SELECT \(WorkerColumns.all) FROM worker WHERE id = ?", [id], WorkerColumns.read)
    }

    public func workers(in pool: String?) throws -> [Worker] {
        guard hasWorkers else { return [] }
        guard let pool else {
            return try db.rows("SELECT \(WorkerColumns.all) FROM worker ORDER BY id", [], WorkerColumns.read)
        }
        return try db.rows(
            "SELECT \(WorkerColumns.all) FROM worker WHERE pool = ? ORDER BY id", [pool], WorkerColumns.read)
    }

    public func update(_ worker: Worker) throws {
        try db.run(WorkerColumns.update, try WorkerColumns.values(of: worker) + [worker.id])
    }

    public func removeWorker(_ id: Int64) throws {
        try db.run("DELETE FROM worker WHERE id = ?", [id])
        tally.workers -= db.changesCount
    }

    public var hasWorkers: Bool { tally.workers > 0 }

    public func backoff(of pool: String) throws -> WorkerBackoff? {
        try db.row("SELECT \(BackoffColumns.all) FROM worker_backoff WHERE pool = ?", [pool], BackoffColumns.read)
    }

    public func save(_ backoff: WorkerBackoff) throws {
        try db.run(
            "INSERT OR REPLACE INTO worker_backoff (pool, failures, until, after, reason) VALUES (?, ?, ?, ?, ?)",
            [backoff.pool, backoff.failures, backoff.until, backoff.after, backoff.reason])
    }

    public func removeBackoff(of pool: String) throws {
        try db.run("DELETE FROM worker_backoff WHERE pool = ?", [pool])
    }
}

/// For those who only look.
extension SQLiteStore {
    public func worker(_ id: Int64) throws -> Worker? {
        try read { db in try db.row("SELECT \(WorkerColumns.all) FROM worker WHERE id = ?", [id], WorkerColumns.read) }
    }

    public func workers() throws -> [Worker] {
        try read { db in try db.rows("SELECT \(WorkerColumns.all) FROM worker ORDER BY pool, id", [], WorkerColumns.read) }
    }

    public func backoffs() throws -> [WorkerBackoff] {
        try read { db in try db.rows("SELECT \(BackoffColumns.all) FROM worker_backoff", [], BackoffColumns.read) }
    }
}
