import OrchProtocol

/// Warm workers: processes that are started ahead, and each of which gets one task.
extension Turn {
    /// Gives tasks to the workers that are ready, and sees to it that there are as many workers as there should be.
    mutating func tend(_ pool: PoolState, _ warm: WarmSettings) throws {
        var workers = try store.workers(in: pool.name)
        if pool.mode != .paused, store.counts(of: pool.name).ready > 0 {
            let ready = workers.filter { $0.state == .ready && $0.pid != nil }.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
            // There may have been more slots when they were started.
            let live = store.live(in: pool.name)
            let room = min(ready.count, pool.slots - live.running - live.dispatched)
            var given = 0
            for worker in ready where given < room {
                guard let task = try next(in: pool.name, for: Set(worker.capabilities)) else { continue }
                guard try isPlaced(task) else {
                    try reclassify(task)
                    continue
                }
                try assign(task, to: worker)
                workers.removeAll { $0.id == worker.id }
                given += 1
            }
        }
        let idle = workers.filter { $0.state != .exiting }
        let live = store.live(in: pool.name)
        let free = max(0, pool.slots - live.running - live.dispatched - (workers.count - idle.count))
        let waiting = store.counts(of: pool.name).ready
        let wanted =
            switch pool.mode {
            case .active: min(free, max(warm.minReady, waiting))
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

    private mutating func launch(
        _ count: Int, in pool: PoolState, _ warm: WarmSettings, starting: Int
    ) throws {
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
                pool: pool.name, definition: warm.definition, since: now.wall)
            launches.append(.launchWorker(worker))
        }
    }

    /// In one commit the worker becomes the attempt of the task.
    private mutating func assign(_ task: TaskItem, to worker: Worker) throws {
        var task = task
        let place = task.place
        task.phase = .running
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
        try store.removeWorker(worker.id)
        try store.insert(attempt)
        let input = task.definition.hasInput ? try store.input(of: task.id) : nil
        event(.taskStarted, of: task, attempt: attempt)
        launches.append(.assign(task, attempt, input: input, again: false))
    }

    /// Tells a worker that has no task to go.
    mutating func dismiss(_ worker: Worker) throws {
        guard worker.state != .exiting else { return }
        var leaving = worker
        leaving.state = .exiting
        leaving.since = now.wall
        leaving.wakeAt = worker.state == .launched ? nil : now.monotonic + Worker.exitTimeout
        try store.update(leaving)
        effects.append(worker.state == .launched ? .revoke(attempt: worker.id) : .dismiss(worker: worker.id))
    }

    mutating func dismissAll() throws {
        guard store.hasWorkers else { return }
        for worker in try store.workers(in: nil) { try dismiss(worker) }
    }

    /// Dismisses those that the configuration would no longer start, or would start otherwise.
    mutating func dismissOutdated() throws {
        guard store.hasWorkers else { return }
        for worker in try store.workers(in: nil) where state.settings[worker.pool]?.warm?.definition != worker.definition {
            try dismiss(worker)
        }
    }

    /// Ends a worker that has no task and has not deserved one.
    private mutating func end(_ worker: Worker, failing reason: String) throws {
        var worker = worker
        worker.state = .exiting
        worker.since = now.wall
        worker.wakeAt = nil
        try store.update(worker)
        try noteFailure(of: worker.id, in: worker.pool, reason)
        orderStop(worker.id, in: worker.pool)
    }

    mutating func noteFailure(
        of worker: Int64, in pool: String, _ reason: String
    ) throws {
        var backoff = try store.backoff(of: pool) ?? WorkerBackoff(pool: pool)
        let last = try store.workers(in: pool).last?.id ?? worker
        backoff.note(worker, last: last, reason: reason, now: now.wall)
        try store.save(backoff)
    }

    // MARK: What they say

    mutating func receive(_ news: [WorkerNews], from id: Int64) throws {
        for item in news {
            // Read anew for each: the one before may have changed it.
            if let worker = try store.worker(id) {
                try receive(item, from: worker)
            } else if let attempt = try store.attempt(id), attempt.state == .running, attempt.delivery != nil {
                try receive(item, of: attempt)
            }
        }
    }

    /// What a worker can do, the next ones of its pool most likely can. Those that nobody had known of bring tasks that need them.
    private mutating func noteReported(
        _ capabilities: [String], in pool: String
    ) throws {
        let reported = Set(capabilities.filter(SpecRules.isCapability))
        guard var row = try store.pools().first(where: { $0.name == pool }), row.reported != reported else { return }
        row.reported = reported
        try store.save(row)
        try checkLanes()
    }

    private mutating func receive(_ news: WorkerNews, from worker: Worker) throws {
        guard worker.state != .exiting else { return }
        switch news {
        case .ready(let capabilities, let version):
            guard worker.state != .ready, let warm = state.settings[worker.pool]?.warm else { return }
            var worker = worker
            worker.state = .ready
            worker.since = now.wall
            worker.capabilities = capabilities
            worker.version = version
            worker.wakeAt = now.monotonic + warm.maxIdle
            try store.update(worker)
            try store.removeBackoff(of: worker.pool)
            try noteReported(capabilities, in: worker.pool)
            event(.workerReady, of: worker, detail: capabilities.isEmpty ? nil : capabilities.joined(separator: " "))
        case .usage: return
        case .accepted, .result:
            try end(worker, failing: "a worker answered, although it had no task")
        case .fault(let what):
            try end(worker, failing: "a worker \(what)")
        }
    }

    /// Of a worker with a task.
    private mutating func receive(_ news: WorkerNews, of attempt: Attempt) throws {
        guard let delivery = attempt.delivery, !delivery.isOver else { return }
        var changed = attempt
        // What is being ended has cost what it has cost; a result comes too late for it.
        changed.usage = news.usage.map { $0.completed(by: attempt.usage) } ?? attempt.usage
        if attempt.stopping == nil { try receive(news, of: &changed) }
        guard changed != attempt else { return }
        try store.update(changed, from: .running)
        guard changed.usage != attempt.usage, let task = try store.task(attempt.task) else { return }
        try count(changed, beyond: attempt.usage, on: task)
    }

    /// The first result counts, and nothing after it.
    private mutating func receive(
        _ news: WorkerNews, of attempt: inout Attempt
    ) throws {
        switch news {
        case .ready, .usage: return
        case .accepted:
            guard attempt.delivery == .given, let task = try store.task(attempt.task) else { return }
            attempt.delivery = .accepted
            attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
        case .result(let isSuccess, let reason, _):
            attempt.delivery = isSuccess ? .succeeded : .failed
            attempt.reason = reason
            attempt.wakeAt = now.monotonic + Worker.exitTimeout
        case .fault(let what):
            // Where it had not accepted the task, that goes to another.
            if attempt.delivery == .accepted {
                attempt.delivery = .failed
                attempt.reason = "its worker \(what)"
            }
            attempt.wakeAt = nil
            orderStop(attempt.id, in: attempt.pool)
        }
    }

    // MARK: What becomes of them

    mutating func noteStart(
        _ start: AttemptStart, of worker: Worker
    ) throws {
        var worker = worker
        worker.pid = start.pid
        worker.slot = start.slot
        if worker.state == .launched {
            worker.state = .starting
            worker.since = start.startedAt
            worker.wakeAt = start.startedMonotonic + (state.settings[worker.pool]?.warm?.readyTimeout ?? 0)
        }
        try store.update(worker)
        // It was to be taken back, but had started by then.
        if worker.state == .exiting, worker.wakeAt == nil {
            effects.append(.stop(attempt: worker.id, grace: grace(of: worker.pool)))
        }
    }

    mutating func noteEnd(_ end: AttemptEnd, of worker: Worker) throws {
        try receive(end.news, from: worker.id)
        guard var worker = try store.worker(worker.id) else { return }
        worker.pid = worker.pid ?? end.start?.pid
        worker.slot = worker.slot ?? end.start?.slot
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

    /// A worker that never took its task has gone.
    mutating func leave(_ attempt: Attempt, because reason: String) throws {
        try noteFailure(of: attempt.id, in: attempt.pool, reason)
        effects.append(
            .discardWorker(
                Worker(id: attempt.id, pool: attempt.pool, state: .exiting, definition: 0, since: now.wall)))
    }

    // MARK: Time

    mutating func wakeWorkers() throws {
        guard store.hasWorkers else { return }
        for var worker in try store.workers(in: nil) where (worker.wakeAt ?? .max) <= now.monotonic {
            switch worker.state {
            case .launched, .starting:
                let limit = state.settings[worker.pool]?.warm?.readyTimeout ?? 0
                try end(worker, failing: "a worker was not ready within \(limit) ms")
            case .ready: try dismiss(worker)
            case .exiting:
                worker.wakeAt = nil
                try store.update(worker)
                orderStop(worker.id, in: worker.pool)
            }
        }
    }

    /// Ends the process of a worker that did not take its task in time, or hangs after its result.
    mutating func endLingering(_ attempt: Attempt) throws {
        var attempt = attempt
        attempt.wakeAt = nil
        try store.update(attempt, from: attempt.state)
        orderStop(attempt.id, in: attempt.pool)
    }

    // MARK: A new connection

    /// Brings the workers without a task together with what the supervisor says. Answers which there are.
    mutating func reconcileWorkers(
        _ inventory: Inventory, started: [Int64: AttemptStart], waiting: Set<Int64>
    ) throws -> Set<Int64> {
        guard store.hasWorkers else { return [] }
        let workers = try store.workers(in: nil)
        for worker in workers {
            if let start = started[worker.id] {
                try noteStart(start, of: worker)
                guard let worker = try store.worker(worker.id) else { continue }
                if worker.state == .exiting {
                    effects.append(.dismiss(worker: worker.id))
                } else if state.isDraining {
                    try dismiss(worker)
                } else if !inventory.channels.contains(worker.id) {
                    // A supervisor that was older for a while has not kept it. Nothing can be said to it.
                    var worker = worker
                    worker.state = .exiting
                    worker.since = now.wall
                    worker.wakeAt = nil
                    try store.update(worker)
                    effects.append(.stop(attempt: worker.id, grace: grace(of: worker.pool)))
                }
            } else if waiting.contains(worker.id) {
                if worker.state == .exiting || state.isDraining { effects.append(.revoke(attempt: worker.id)) }
            } else {
                // It never started, or went down with its supervisor. Another is started where one is wanted.
                try remove(worker)
            }
        }
        return Set(workers.map(\.id))
    }

    /// Goes on with a task that a worker has. Whether the task was sent as a whole, nobody knows but the worker, who takes no second.
    mutating func resumeBusy(_ attempt: Attempt) throws {
        guard attempt.stopping == nil, let task = try store.task(attempt.task) else { return }
        var attempt = attempt
        switch attempt.delivery {
        case .given:
            let input = task.definition.hasInput ? try store.input(of: task.id) : nil
            effects.append(.assign(task, attempt, input: input, again: true))
            attempt.wakeAt = now.monotonic + Worker.acceptTimeout
        case .accepted: attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
        default: attempt.wakeAt = now.monotonic + Worker.exitTimeout
        }
        try store.update(attempt, from: attempt.state)
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
