import OrchProtocol
import SupervisorLink

/// Warm workers: processes that are started ahead, and each of which gets one task.
extension Turn {
    /// Gives tasks to the workers that are ready, and sees to it that there are as many workers as there should be.
    mutating func tend(_ pool: PoolState, _ warm: WarmSettings, _ lending: Lending) throws {
        let lent = lending[pool.name]
        var workers = try store.workers(in: pool.name)
        if pool.mode != .paused, store.counts(of: pool.name).ready > 0 {
            let ready = workers.filter { $0.state == .ready && $0.pid != nil }.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
            // There may have been more slots when they were started.
            let live = store.live(in: pool.name)
            var room = lent.room(slots: pool.slots, live)
            for worker in ready where room.kin > 0 {
                let onlyKin = room.slots <= 0
                guard let task = try next(in: pool.name, for: Set(worker.capabilities), onlyKin: onlyKin, lending) else {
                    continue
                }
                guard try isPlaced(task) else {
                    try reclassify(task)
                    continue
                }
                room.take(isKin: try isKin(task, lending))
                try assign(task, to: worker)
                workers.removeAll { $0.id == worker.id }
            }
        }
        let idle = workers.filter { $0.state != .exiting }
        let live = store.live(in: pool.name)
        let exiting = workers.count - idle.count
        let room = lent.room(slots: pool.slots, live)
        // What is lent to some is worth a worker only where one of them is ready.
        let kin = min(room.kin, try countReadyKin(in: pool.name, lending, upTo: room.kin))
        let free = max(0, max(lending.onlyKin ? 0 : room.slots, kin) - exiting)
        let waiting = lending.onlyKin ? kin : store.counts(of: pool.name).ready
        let wanted =
            switch pool.mode {
            case .active: min(free, max(lending.onlyKin ? 0 : warm.minReady, waiting))
            case .draining: min(free, waiting)
            case .paused: min(free, idle.count)
            }
        if idle.count < wanted {
            try launch(wanted - idle.count, in: pool, warm, starting: idle.count { $0.state != .ready })
        }
        // Beyond what is wanted only time ends them, so that a wave of tasks finds those of the last one.
        let surplus = idle.count - (pool.mode == .draining ? wanted : free)
        for worker in idle.reversed().prefix(max(0, surplus)) { try dismiss(worker) }
    }

    private mutating func launch(_ count: Int, in pool: PoolState, _ warm: WarmSettings, starting: Int) throws {
        var count = count
        if let backoff = try store.backoff(of: pool.name) {
            let rest = backoff.remaining(at: now.wall)
            guard rest == 0 else {
                wake(atWall: now.wall + rest)
                return
            }
            // One, to see whether it is better now.
            count = min(count, 1 - starting)
        }
        for _ in 0..<max(0, count) {
            let worker = try store.insertWorker(
                pool: pool.name, fingerprint: warm.fingerprint, since: now.wall)
            launches.append(.launchWorker(worker))
        }
    }

    /// In one commit the worker becomes the attempt of the task.
    private mutating func assign(_ task: TaskItem, to worker: Worker) throws {
        var task = task
        let place = task.place
        guard try move(&task, on: .dispatch) else { return }
        task.attempts += 1
        task.reason = nil
        try store.update(task, from: place)
        var attempt = Attempt(
            id: worker.id, task: task.id, number: task.attempts, pool: task.pool, state: .running,
            dispatchedAt: now.wall)
        attempt.agent = agent(of: task)
        attempt.slot = worker.slot
        attempt.pid = worker.pid
        attempt.startedAt = now.wall
        attempt.startedMonotonic = now.monotonic
        attempt.delivery = .given
        attempt.wakeAt = now.monotonic + Worker.acceptTimeout
        assert(worker.standing == .ready && attempt.standing == .offered)
        try store.removeWorker(worker.id)
        try store.insert(attempt)
        let input = task.definition.hasInput ? try store.input(of: task.id) : nil
        event(.taskStarted, of: task, attempt: attempt)
        launches.append(.assign(task, attempt, input: input, again: false))
    }

    /// Lets a worker go that has no task.
    mutating func dismiss(_ worker: Worker) throws { try handle(.dismiss, of: worker) }

    mutating func dismissAll() throws {
        guard store.hasWorkers else { return }
        for worker in try store.workers(in: nil) { try dismiss(worker) }
    }

    /// Dismisses those that the configuration would no longer start, or would start otherwise.
    mutating func dismissOutdated() throws {
        guard store.hasWorkers else { return }
        for worker in try store.workers(in: nil) where state.settings[worker.pool]?.warm?.fingerprint != worker.fingerprint {
            try dismiss(worker)
        }
    }

    /// Does to a worker what the table says, where it is not a start or an end.
    ///
    /// - Parameter complaint: in words, where it may fail by the event.
    private mutating func handle(_ event: WorkerEvent, of worker: Worker, _ complaint: String = "") throws {
        guard let move = try step(worker, on: event) else { return }
        assert(move.next != .gone, "a worker that is no more has no row to write")
        var changed = worker
        changed.enter(move.next, at: now, wakeAt: move.next == .leaving ? now.monotonic + Worker.exitTimeout : nil)
        try store.update(changed)
        if move.actions.contains(.noteFailure) { try noteFailure(of: worker.id, in: worker.pool, complaint) }
        if move.actions.contains(.revoke) { effects.append(.revoke(attempt: worker.id)) }
        if move.actions.contains(.tellToExit) { effects.append(.dismiss(worker: worker.id)) }
        if move.actions.contains(.orderStop) { orderStop(worker.id, in: worker.pool) }
    }

    mutating func noteFailure(of worker: Int64, in pool: String, _ reason: String) throws {
        var backoff = try store.backoff(of: pool) ?? WorkerBackoff(pool: pool)
        let last = try store.workers(in: pool).last?.id ?? worker
        backoff.note(worker, last: last, reason: reason, now: now.wall)
        try store.save(backoff)
    }

    // MARK: What they say

    mutating func receive(_ news: [WorkerNews], from id: Int64) throws {
        for item in news {
            // Read again for each: the one before may have changed it.
            if let worker = try store.worker(id) {
                try receive(item, from: worker)
            } else if let attempt = try store.attempt(id), attempt.state == .running, attempt.delivery != nil {
                try receive(item, of: attempt)
            }
        }
    }

    /// What a worker can do, the next ones of its pool most likely can. Those that nobody had known of bring tasks that need them.
    private mutating func noteReported(_ capabilities: [String], in pool: String) throws {
        let reported = Set(capabilities.filter(SpecRules.isCapability))
        guard var row = try store.pools().first(where: { $0.name == pool }), row.reported != reported else { return }
        row.reported = reported
        try store.save(row)
        try checkLanes()
    }

    private mutating func receive(_ news: WorkerNews, from worker: Worker) throws {
        switch news {
        case .ready(let capabilities, let version):
            guard let warm = state.settings[worker.pool]?.warm, let move = try step(worker, on: .ready) else { return }
            assert(move.next == .ready && move.actions == .noteReady)
            var worker = worker
            worker.enter(.ready, at: now, wakeAt: now.monotonic + warm.maxIdle)
            worker.capabilities = capabilities
            worker.version = version
            try store.update(worker)
            try store.removeBackoff(of: worker.pool)
            try noteReported(capabilities, in: worker.pool)
            event(.workerReady, of: worker, detail: capabilities.isEmpty ? nil : capabilities.joined(separator: " "))
        case .usage: try handle(.usage, of: worker)
        case .accepted, .result:
            try handle(.answered, of: worker, "a worker answered, although it had no task")
        case .fault(let what): try handle(.fault, of: worker, "a worker \(what)")
        }
    }

    /// Of a worker with a task.
    private mutating func receive(_ news: WorkerNews, of attempt: Attempt) throws {
        guard let delivery = attempt.delivery, !delivery.isOver else { return }
        var changed = attempt
        // What is being ended has cost what it has cost; a result comes too late for it.
        changed.usage = news.usage.map { $0.completed(by: attempt.usage) } ?? attempt.usage
        try receive(news, of: &changed)
        guard changed != attempt else { return }
        try store.update(changed, from: .running)
        guard changed.usage != attempt.usage, let task = try store.task(attempt.task) else { return }
        try count(changed, beyond: attempt.usage, on: task)
    }

    private mutating func receive(_ news: WorkerNews, of attempt: inout Attempt) throws {
        assert(attempt.delivery != nil, "attempt \(attempt.id) has no worker that could say anything")
        guard let event = news.event, let move = try step(attempt, on: event) else { return }
        switch (move.next, news) {
        case (.running, _):
            guard let task = try store.task(attempt.task) else { return }
            attempt.delivery = .accepted
            attempt.wakeAt = firstWake(of: task, attempt)
        case (.closing, .result(let isSuccess, let reason, _)):
            attempt.delivery = isSuccess ? .succeeded : .failed
            attempt.reason = reason
            attempt.wakeAt = now.monotonic + Worker.exitTimeout
        case (.expelling, .fault(let what)):
            attempt.delivery = .failed
            attempt.reason = "its worker \(what)"
            attempt.wakeAt = nil
        // It had not accepted the task, so that goes to another.
        case (.rejected, _): attempt.wakeAt = nil
        default: assertionFailure("attempt \(attempt.id) cannot be \(move.next) by what its worker says")
        }
        if move.actions.contains(.orderStop) { orderStop(attempt.id, in: attempt.pool) }
    }

    // MARK: What happens to them

    /// - Parameter event: that it has started, or was found running.
    mutating func noteStart(_ start: StartReport, of worker: Worker, _ event: WorkerEvent) throws {
        guard let move = try step(worker, on: event) else { return }
        assert(move.actions.contains(.noteStart))
        var worker = worker
        worker.pid = start.pid
        worker.slot = Int(start.slot)
        if worker.state == .launched {
            worker.enter(
                move.next, at: now, wakeAt: start.startedMonotonic + (state.settings[worker.pool]?.warm?.readyTimeout ?? 0))
            worker.since = start.startedAt
        }
        try store.update(worker)
        if move.actions.contains(.orderStop) { orderStop(worker.id, in: worker.pool) }
        if move.actions.contains(.tellToExit) { effects.append(.dismiss(worker: worker.id)) }
    }

    mutating func noteEnd(_ end: AttemptEnd, of worker: Worker) throws {
        try receive(end.news, from: worker.id)
        guard var worker = try store.worker(worker.id), try step(worker, on: .ended) != nil else { return }
        worker.pid = worker.pid ?? end.start?.pid
        worker.slot = worker.slot ?? end.start.map { Int($0.slot) }
        try remove(worker)
        let reason = [end.sentence, end.stderrTail].compactMap(\.self).joined(separator: ": ")
        event(.workerExited, of: worker, detail: reason)
        if case .lost = end.ending { return }
        guard worker.state != .exiting, !end.stopped, !end.isUnread else { return }
        let age = max(0, now.wall - worker.since)
        if worker.state != .ready {
            try noteFailure(of: worker.id, in: worker.pool, "a worker never became ready: \(reason)")
        } else if age < Worker.minimumLife {
            try noteFailure(
                of: worker.id, in: worker.pool, "a worker ended \(age) ms after it was ready: \(reason)")
        }
    }

    mutating func remove(_ worker: Worker) throws {
        try store.removeWorker(worker.id)
        effects.append(.discardWorker(worker))
    }

    // MARK: Time

    mutating func wakeWorkers() throws {
        guard store.hasWorkers else { return }
        for worker in try store.workers(in: nil) where (worker.wakeAt ?? .max) <= now.monotonic {
            let limit = state.settings[worker.pool]?.warm?.readyTimeout ?? 0
            try handle(.due, of: worker, "a worker was not ready within \(limit) ms")
        }
    }

    // MARK: A new connection

    /// Brings the workers without a task together with what the supervisor says. Answers which there are.
    mutating func reconcileWorkers(
        _ inventory: Inventory, started: [Int64: StartReport], waiting: Set<Int64>
    ) throws -> Set<Int64> {
        guard store.hasWorkers else { return [] }
        let workers = try store.workers(in: nil)
        for worker in workers {
            if let start = started[worker.id] {
                try noteStart(start, of: worker, .found)
                guard let found = try store.worker(worker.id) else { continue }
                if state.isDraining {
                    try dismiss(found)
                } else if !inventory.channels.contains(found.id) {
                    // A supervisor that was older for a while has not kept it. Nothing can be said to it.
                    try handle(.cutOff, of: found)
                }
            } else if waiting.contains(worker.id) {
                if worker.state == .exiting || state.isDraining { effects.append(.revoke(attempt: worker.id)) }
            } else {
                // It never started, or went down with its supervisor. Another is started where one is wanted.
                if try step(worker, on: .missing) != nil { try remove(worker) }
            }
        }
        return Set(workers.map(\.id))
    }
}

extension AttemptEnd {
    /// How a process ended that had no task, in words.
    fileprivate var sentence: String {
        switch ending {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let signal): "killed by \(signalName(signal))"
        case .failedToStart(let reason), .shortOfResources(let reason), .lost(let reason): reason
        }
    }
}
