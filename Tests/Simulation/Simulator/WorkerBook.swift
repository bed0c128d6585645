import Scheduling

/// A second book of the warm workers that have no task, kept from the writes alone.
struct WorkerBook {
    private(set) var rows: [Int64: Worker] = [:]
    private(set) var backoffs: [String: WorkerBackoff] = [:]
    /// Those whose rows went in this commit.
    private var leaving: [Int64: Worker] = [:]

    mutating func beginCommit() { leaving = [:] }

    mutating func insert(_ worker: Worker) { rows[worker.id] = worker }
    mutating func update(_ worker: Worker) { rows[worker.id] = worker }
    mutating func remove(_ id: Int64) { leaving[id] = rows.removeValue(forKey: id) }
    mutating func save(_ backoff: WorkerBackoff) { backoffs[backoff.pool] = backoff }
    mutating func removeBackoff(of pool: String) { backoffs[pool] = nil }

    func workers(in pool: String) -> [Worker] { rows.values.filter { $0.pool == pool } }

    /// How long no worker of the pool is to be started, in milliseconds. A clock that was set must not make it long.
    func wait(in pool: String, at wall: Int64) -> Int64 {
        guard let until = backoffs[pool]?.until, until > wall, until - wall <= 600_000 else { return 0 }
        return until - wall
    }

    /// What is wrong with the choice of the worker that became an attempt in this commit.
    func complaint(about attempt: Attempt) -> String? {
        guard let worker = leaving[attempt.id] else { return "attempt \(attempt.id) has the id of no worker" }
        guard worker.state == .ready else { return "task \(attempt.task) was given to a worker that is \(worker.state)" }
        return worker.pool == attempt.pool ? nil : "task \(attempt.task) of \(attempt.pool) was given to one of \(worker.pool)"
    }
}
