import OrchProtocol

/// Warm workers: processes that are started ahead, and each of which gets one task.
extension Scheduler {
    /// Milliseconds within which a worker must take its task, or exit once it has been told to or has given its result.
    static let patience: Int64 = 10_000

    /// Gives tasks to the workers that are ready, and sees to it that there are as many workers as there should be.
    func tend(_ pool: PoolState, _ warm: WarmSettings, _ work: inout TurnWork<some TaskTransaction>) throws {
        var workers = try work.store.workers(in: pool.name)
        if pool.mode != .paused, work.store.counts(of: pool.name).ready > 0 {
            let ready = workers.filter { $0.state == .ready && $0.pid != nil }.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
            // There may have been more slots when they were started.
            let live = work.store.live(in: pool.name)
            let room = min(ready.count, pool.slots - live.running - live.dispatched)
            var given = 0
            for worker in ready where given < room {
                guard let task = try next(in: pool.name, for: Set(worker.capabilities), &work) else { continue }
                guard try isPlaced(task, in: work.store) else {
                    try reclassify(task, &work)
                    continue
                }
                try assign(task, to: worker, &work)
                workers.removeAll { $0.id == worker.id }
                given += 1
            }
        }
        let idle = workers.filter { $0.state != .exiting }
        let live = work.store.live(in: pool.name)
        let free = max(0, pool.slots - live.running - live.dispatched - (workers.count - idle.count))
        let waiting = work.store.counts(of: pool.name).ready
        let wanted =
            switch pool.mode {
            case .active: min(free, max(warm.minReady, waiting))
            case .draining: min(free, waiting)
            case .paused: min(free, idle.count)
            }
        if idle.count < wanted {
            try launch(wanted - idle.count, in: pool, warm, starting: idle.count { $0.state != .ready }, &work)
        }
        // Beyond what is wanted only time ends them, so that a wave of tasks finds those of the last one.
        let surplus = idle.count - (pool.mode == .draining ? wanted : free)
        for worker in idle.reversed().prefix(max(0, surplus)) { try dismiss(worker, &work) }
    }

    private func launch(
        _ count: Int, in pool: PoolState, _ warm: WarmSettings, starting: Int, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var count = count
        if let backoff = try work.store.backoff(of: pool.name) {
            let rest = backoff.remaining(at: work.now.wall)
            guard rest == 0 else {
                work.wakeWall = min(work.wakeWall ?? .max, work.now.wall + rest)
                return
            }
            // One, to see whether it is better now.
            count = min(count, 1 - starting)
        }
        for _ in 0..<max(0, count) {
            let worker = try work.store.insertWorker(
                pool: pool.name, definition: warm.definition, since: work.now.wall)
            work.launches.append(.launchWorker(worker))
        }
    }

    /// In one commit the worker becomes the attempt of the task.
    private func assign(_ task: TaskItem, to worker: Worker, _ work: inout TurnWork<some TaskTransaction>) throws {
        var task = task
        let place = task.place
        task.phase = .running
        task.attempts += 1
        task.reason = nil
        try work.store.update(task, from: place)
        var attempt = Attempt(
            id: worker.id, task: task.id, number: task.attempts, pool: task.pool, state: .running,
            dispatchedAt: work.now.wall)
        attempt.agent = agent(of: task)
        attempt.slot = worker.slot
        attempt.pid = worker.pid
        attempt.startedAt = work.now.wall
        attempt.startedMonotonic = work.now.monotonic
        attempt.delivery = .given
        attempt.wakeAt = work.now.monotonic + Self.patience
        try work.store.removeWorker(worker.id)
        try work.store.insert(attempt)
        let input = task.definition.hasInput ? try work.store.input(of: task.id) : nil
        work.event(.taskStarted, of: task, attempt: attempt)
        work.launches.append(.assign(task, attempt, input: input, again: false))
    }

    /// Tells a worker that has no task to go.
    func dismiss(_ worker: Worker, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard worker.state != .exiting else { return }
        var leaving = worker
        leaving.state = .exiting
        leaving.since = work.now.wall
        leaving.wakeAt = worker.state == .launched ? nil : work.now.monotonic + Self.patience
        try work.store.update(leaving)
        work.effects.append(worker.state == .launched ? .revoke(attempt: worker.id) : .dismiss(worker: worker.id))
    }

    func dismissAll(_ work: inout TurnWork<some TaskTransaction>) throws {
        guard work.store.hasWorkers else { return }
        for worker in try work.store.workers(in: nil) { try dismiss(worker, &work) }
    }

    /// Dismisses those that the configuration would no longer start, or would start otherwise.
    func dismissOutdated(_ work: inout TurnWork<some TaskTransaction>) throws {
        guard work.store.hasWorkers else { return }
        for worker in try work.store.workers(in: nil) where settings[worker.pool]?.warm?.definition != worker.definition {
            try dismiss(worker, &work)
        }
    }

    /// Ends a worker that has no task and has not deserved one.
    private func end(_ worker: Worker, failing reason: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        var worker = worker
        worker.state = .exiting
        worker.since = work.now.wall
        worker.wakeAt = nil
        try work.store.update(worker)
        try noteFailure(of: worker.id, in: worker.pool, reason, &work)
        if isConnected { work.effects.append(.stop(attempt: worker.id, grace: grace(of: worker.pool))) }
    }

    func noteFailure(
        of worker: Int64, in pool: String, _ reason: String, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var backoff = try work.store.backoff(of: pool) ?? WorkerBackoff(pool: pool)
        let last = try work.store.workers(in: pool).last?.id ?? worker
        backoff.note(worker, last: last, reason: reason, now: work.now.wall)
        try work.store.save(backoff)
    }

    // MARK: What they say

    func receive(_ news: [WorkerNews], from id: Int64, _ work: inout TurnWork<some TaskTransaction>) throws {
        for item in news {
            // Read anew for each: the one before may have changed it.
            if let worker = try work.store.worker(id) {
                try receive(item, from: worker, &work)
            } else if let attempt = try work.store.attempt(id), attempt.state == .running, attempt.delivery != nil {
                try receive(item, of: attempt, &work)
            }
        }
    }

    /// What a worker can do, the next ones of its pool most likely can. Those that nobody had known of bring tasks that need them.
    private func noteReported(
        _ capabilities: [String], in pool: String, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let reported = Set(capabilities.filter(SpecRules.isCapability))
        guard var state = try work.store.pools().first(where: { $0.name == pool }), state.reported != reported else { return }
        state.reported = reported
        try work.store.save(state)
        try checkLanes(&work)
    }

    private func receive(_ news: WorkerNews, from worker: Worker, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard worker.state != .exiting else { return }
        switch news {
        case .ready(let capabilities, let version):
            guard worker.state != .ready, let warm = settings[worker.pool]?.warm else { return }
            var worker = worker
            worker.state = .ready
            worker.since = work.now.wall
            worker.capabilities = capabilities
            worker.version = version
            worker.wakeAt = work.now.monotonic + warm.maxIdle
            try work.store.update(worker)
            try work.store.removeBackoff(of: worker.pool)
            try noteReported(capabilities, in: worker.pool, &work)
            work.event(.workerReady, of: worker, detail: capabilities.isEmpty ? nil : capabilities.joined(separator: " "))
        case .usage: return
        case .accepted, .result:
            try end(worker, failing: "a worker answered a task that it had not been given", &work)
        case .fault(let what):
            try end(worker, failing: "a worker \(what)", &work)
        }
    }

    /// Of a worker with a task.
    private func receive(_ news: WorkerNews, of attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard let delivery = attempt.delivery, !delivery.isOver else { return }
        var changed = attempt
        // What is being ended has cost what it has cost; a result comes too late for it.
        changed.usage = news.usage.map { $0.completed(by: attempt.usage) } ?? attempt.usage
        if attempt.stopping == nil { try receive(news, of: &changed, &work) }
        guard changed != attempt else { return }
        try work.store.update(changed, from: .running)
        guard changed.usage != attempt.usage, let task = try work.store.task(attempt.task) else { return }
        try count(changed, beyond: attempt.usage, on: task, &work)
    }

    /// The first result counts, and nothing after it.
    private func receive(
        _ news: WorkerNews, of attempt: inout Attempt, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        switch news {
        case .ready, .usage: return
        case .accepted:
            guard attempt.delivery == .given, let task = try work.store.task(attempt.task) else { return }
            attempt.delivery = .accepted
            attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
        case .result(let isSuccess, let reason, _):
            attempt.delivery = isSuccess ? .succeeded : .failed
            attempt.reason = reason
            attempt.wakeAt = work.now.monotonic + Self.patience
        case .fault(let what):
            // Where it had not accepted the task, that goes to another.
            if attempt.delivery == .accepted {
                attempt.delivery = .failed
                attempt.reason = "its worker \(what)"
            }
            attempt.wakeAt = nil
            if isConnected { work.effects.append(.stop(attempt: attempt.id, grace: grace(of: attempt.pool))) }
        }
    }

    // MARK: What becomes of them

    func noteStart(
        _ start: AttemptStart, of worker: Worker, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var worker = worker
        worker.pid = start.pid
        worker.slot = start.slot
        if worker.state == .launched {
            worker.state = .starting
            worker.since = start.startedAt
            worker.wakeAt = start.startedMonotonic + (settings[worker.pool]?.warm?.readyTimeout ?? 0)
        }
        try work.store.update(worker)
        // It was to be taken back, but had started by then.
        if worker.state == .exiting, worker.wakeAt == nil {
            work.effects.append(.stop(attempt: worker.id, grace: grace(of: worker.pool)))
        }
    }

    func noteEnd(_ end: AttemptEnd, of worker: Worker, _ work: inout TurnWork<some TaskTransaction>) throws {
        try receive(end.news, from: worker.id, &work)
        guard var worker = try work.store.worker(worker.id) else { return }
        worker.pid = worker.pid ?? end.start?.pid
        worker.slot = worker.slot ?? end.start?.slot
        try remove(worker, &work)
        let reason = [end.sentence, end.stderrTail].compactMap(\.self).joined(separator: ": ")
        work.event(.workerExited, of: worker, detail: reason)
        if case .lost = end.ending { return }
        guard worker.state != .exiting, !end.stopped, !end.isUnread else { return }
        let age = max(0, work.now.wall - worker.since)
        if worker.state != .ready {
            try noteFailure(of: worker.id, in: worker.pool, "a worker was never ready: \(reason)", &work)
        } else if age < Self.patience {
            try noteFailure(
                of: worker.id, in: worker.pool, "a worker ended \(age) ms after it was ready: \(reason)", &work)
        }
    }

    func remove(_ worker: Worker, _ work: inout TurnWork<some TaskTransaction>) throws {
        try work.store.removeWorker(worker.id)
        work.effects.append(.discardWorker(worker))
    }

    /// A worker that never took its task has gone.
    func leave(_ attempt: Attempt, because reason: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        try noteFailure(of: attempt.id, in: attempt.pool, reason, &work)
        work.effects.append(
            .discardWorker(
                Worker(id: attempt.id, pool: attempt.pool, state: .exiting, definition: 0, since: work.now.wall)))
    }

    // MARK: Time

    func wakeWorkers(_ work: inout TurnWork<some TaskTransaction>) throws {
        guard work.store.hasWorkers else { return }
        for var worker in try work.store.workers(in: nil) where (worker.wakeAt ?? .max) <= work.now.monotonic {
            switch worker.state {
            case .launched, .starting:
                let limit = settings[worker.pool]?.warm?.readyTimeout ?? 0
                try end(worker, failing: "a worker was not ready within \(limit) ms", &work)
            case .ready: try dismiss(worker, &work)
            case .exiting:
                worker.wakeAt = nil
                try work.store.update(worker)
                if isConnected { work.effects.append(.stop(attempt: worker.id, grace: grace(of: worker.pool))) }
            }
        }
    }

    /// Ends the process of a worker that did not take its task in time, or hangs after its result.
    func endLingering(_ attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>) throws {
        var attempt = attempt
        attempt.wakeAt = nil
        try work.store.update(attempt, from: attempt.state)
        if isConnected { work.effects.append(.stop(attempt: attempt.id, grace: grace(of: attempt.pool))) }
    }

    // MARK: A new connection

    /// Brings the workers without a task together with what the supervisor says. Answers which there are.
    mutating func reconcileWorkers(
        _ inventory: Inventory, started: [Int64: AttemptStart], waiting: Set<Int64>,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws -> Set<Int64> {
        guard work.store.hasWorkers else { return [] }
        let workers = try work.store.workers(in: nil)
        for worker in workers {
            if let start = started[worker.id] {
                try noteStart(start, of: worker, &work)
                guard let worker = try work.store.worker(worker.id) else { continue }
                if worker.state == .exiting {
                    work.effects.append(.dismiss(worker: worker.id))
                } else if isDraining {
                    try dismiss(worker, &work)
                } else if !inventory.channels.contains(worker.id) {
                    // A supervisor that was older for a while has not kept it. Nothing can be said to it.
                    var worker = worker
                    worker.state = .exiting
                    worker.since = work.now.wall
                    worker.wakeAt = nil
                    try work.store.update(worker)
                    work.effects.append(.stop(attempt: worker.id, grace: grace(of: worker.pool)))
                }
            } else if waiting.contains(worker.id) {
                if worker.state == .exiting || isDraining { work.effects.append(.revoke(attempt: worker.id)) }
            } else {
                // It never started, or went down with its supervisor. Another is started where one is wanted.
                try remove(worker, &work)
            }
        }
        return Set(workers.map(\.id))
    }

    /// Goes on with a task that a worker has. Whether the task was sent as a whole, nobody knows but the worker, who takes no second.
    func resumeBusy(_ attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard attempt.stopping == nil, let task = try work.store.task(attempt.task) else { return }
        var attempt = attempt
        switch attempt.delivery {
        case .given:
            let input = task.definition.hasInput ? try work.store.input(of: task.id) : nil
            work.effects.append(.assign(task, attempt, input: input, again: true))
            attempt.wakeAt = work.now.monotonic + Self.patience
        case .accepted: attempt.wakeAt = attempt.startedMonotonic.flatMap { firstWake(of: task, attempt, from: $0) }
        default: attempt.wakeAt = work.now.monotonic + Self.patience
        }
        try work.store.update(attempt, from: attempt.state)
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
