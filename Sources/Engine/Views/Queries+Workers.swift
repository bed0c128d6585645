import OrchProtocol
import Presentation
import Scheduling
import Storage

/// What each worker does.
extension Queries {
    func workers(_ parameters: WorkerListParameters) throws -> WorkerList {
        let pools = try pools().pools.filter { parameters.pool == nil || $0.name == parameters.pool }
        if let pool = parameters.pool, pools.isEmpty { throw unknownPool(pool) }
        let running = Dictionary(grouping: try store.live().filter { $0.attempt.state == .running }, by: \.attempt.pool)
        let warm = Dictionary(grouping: try store.workers(), by: \.pool)
        let backoffs = Dictionary(uniqueKeysWithValues: try store.backoffs().map { ($0.pool, $0) })
        var records: [WorkerRecord] = []
        for pool in pools {
            var taken: [Int: WorkerRecord] = [:]
            for (task, attempt) in running[pool.name] ?? [] {
                if let slot = attempt.slot { taken[slot] = busy(task, attempt, slot) }
            }
            for worker in warm[pool.name] ?? [] {
                // One that is ordered gets its slot only when it starts.
                if let slot = worker.slot, taken[slot] == nil { taken[slot] = Self.free(worker, slot) }
            }
            let slots = Set(taken.keys).union(pool.slots > 0 && pool.state != .removed ? Array(1...pool.slots) : [])
            for slot in slots.sorted() {
                records.append(taken[slot] ?? Self.empty("\(pool.name)/\(slot)", backoffs[pool.name]))
            }
        }
        return WorkerList(workers: records)
    }

    private func busy(_ task: TaskItem, _ attempt: Attempt, _ slot: Int) -> WorkerRecord {
        var record = WorkerRecord(name: "\(attempt.pool)/\(slot)", state: attempt.stopping == nil ? .busy : .stopping)
        if attempt.stopping == nil, attempt.pauses?.isPaused ?? false { record.state = .paused }
        if let delivery = attempt.delivery, delivery.isOver { record.state = .exiting }
        record.task = task.id
        record.attempt = attempt.number
        record.pid = attempt.pid
        record.since = attempt.startedAt.map(Timestamp.init(milliseconds:))
        record.title = Self.title(of: task)
        if let routing = task.definition.routing { record.activity = "being routed by rule \"\(routing.rule)\"" }
        let progress = attempt.delivery == nil ? nil : attempts[attempt.id]?.progress
        record.percent = progress?.percent
        record.activity = progress?.text?.shortened(to: 200) ?? record.activity
        return record
    }

    private static func free(_ worker: Worker, _ slot: Int) -> WorkerRecord {
        var record = WorkerRecord(name: "\(worker.pool)/\(slot)", state: .starting)
        switch worker.state {
        case .launched, .starting: break
        case .ready: record.state = .ready
        case .exiting: record.state = .exiting
        }
        record.pid = worker.pid
        record.since = Timestamp(milliseconds: worker.since)
        record.version = worker.version
        record.capabilities = worker.capabilities.isEmpty ? nil : worker.capabilities
        return record
    }

    private static func empty(_ name: String, _ backoff: WorkerBackoff?) -> WorkerRecord {
        var record = WorkerRecord(name: name, state: .idle)
        guard let backoff else { return record }
        record.state = .backingOff
        record.until = Timestamp(milliseconds: backoff.until)
        record.reason = backoff.reason
        return record
    }

    private static func title(of task: TaskItem) -> String {
        if let name = task.name { return name }
        let text =
            switch task.definition.work {
            case .command(let arguments): SafeText.command(arguments)
            case .prompt(let prompt): prompt
            }
        return text.shortened(to: 100)
    }
}
