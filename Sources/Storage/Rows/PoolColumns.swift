import FoundationEssentials
import GRDB
import Scheduling

/// How a warm worker without a task is written to its row and read back.
enum WorkerColumns {
    static let all = "id, pool, state, definition, since, slot, pid, wake_at, capabilities, version"
    static let update = """
        UPDATE worker SET state = ?, since = ?, slot = ?, pid = ?, wake_at = ?, capabilities = ?, version = ? WHERE id = ?
        """

    static func values(of worker: Worker) throws -> [(any SQLValue)?] {
        let capabilities =
            worker.capabilities.isEmpty ? nil : String(decoding: try JSONEncoder().encode(worker.capabilities), as: UTF8.self)
        return [
            worker.state.rawValue, worker.since, worker.slot, worker.pid, worker.wakeAt, capabilities, worker.version,
        ]
    }

    static func read(_ columns: inout Columns) throws -> Worker {
        var worker = Worker(
            id: try columns.next(), pool: try columns.next(), state: try columns.raw(), fingerprint: try columns.next(),
            since: try columns.next())
        worker.slot = try columns.optional()
        worker.pid = try columns.optional()
        worker.wakeAt = try columns.optional()
        if let text = try columns.optional(String.self) {
            worker.capabilities = (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? []
        }
        worker.version = try columns.optional()
        return worker
    }
}

enum BackoffColumns {
    static let all = "pool, failures, until, after, reason"

    static func read(_ columns: inout Columns) throws -> WorkerBackoff {
        var backoff = WorkerBackoff(pool: try columns.next())
        backoff.failures = try columns.next()
        backoff.until = try columns.next()
        backoff.after = try columns.next()
        backoff.reason = try columns.next()
        return backoff
    }
}

/// How the state of a pool is read from its row.
enum PoolColumns {
    static let select = "SELECT name, mode, slots, configured_slots, reported FROM pool ORDER BY name"

    static func read(_ columns: inout Columns) throws -> PoolState {
        var pool = PoolState(
            name: try columns.next(), mode: try columns.raw(), slots: try columns.next(), configuredSlots: try columns.next())
        pool.reported = Set(try columns.optional(String.self).map { $0.split(separator: " ").map(String.init) } ?? [])
        return pool
    }
}
