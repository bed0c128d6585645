import OrchProtocol

/// What is there now: the tasks that have not ended, the pools, the workers and the closed gates, from a snapshot and the events since.
///
/// Every event says what is so from then on, not what has changed. So a snapshot may be newer than some of the events that are
/// applied to it, and the model is right once all are. What only the daemon can work out, such as why a task waits, is not in
/// it; what events do not tell in full is named by ``stale``, to be asked for.
public struct LiveModel: Sendable, Equatable {
    /// Those that are queued or running.
    public private(set) var tasks: [Int64: LiveTask] = [:]
    public private(set) var pools: [String: LivePool] = [:]
    /// The processes that have a task or are ready for one, by name.
    public private(set) var workers: [String: LiveWorker] = [:]
    /// The names of what keeps tasks from starting, and why.
    public private(set) var gates: [String: String] = [:]
    public private(set) var isSupervisorConnected = false
    /// Nothing more is started.
    public private(set) var isDraining = false
    /// The number of the last event that is in it.
    public private(set) var last: Int64 = 0
    /// What has changed in a way that events do not tell: the caller asks for it and puts it in by `load`.
    public private(set) var stale: Set<Part> = []

    public enum Part: Sendable, Hashable, CaseIterable {
        case pools, workers
        /// Everything: events are missing.
        case all
    }

    /// Names of pools and workers are few: tasks have a number instead.
    private var names = NameTable()

    public init() {}

    // MARK: The snapshot

    /// Begins again with the answer of `daemon.status`, which must have been asked for before the tasks are listed.
    public init(_ status: DaemonStatus) {
        load(status)
        last = status.lastEvent
    }

    /// What the daemon says of itself and of its pools.
    public mutating func load(_ status: DaemonStatus) {
        isSupervisorConnected = status.supervisor.connected
        isDraining = status.state == .draining
        pools = Dictionary(status.pools.map { ($0.name, LivePool($0)) }) { $1 }
        gates = Dictionary((status.gates ?? []).map { ($0.name, $0.reason) }) { $1 }
        stale.remove(.pools)
    }

    /// The answer of `worker.list`.
    public mutating func load(_ records: [WorkerRecord]) {
        workers = Dictionary(records.compactMap { record in LiveWorker(record).map { (record.name, $0) } }) { $1 }
        stale.remove(.workers)
    }

    /// One page of `task.list` with the states queued and running; others in it are passed over.
    public mutating func load(_ records: [TaskRecord]) {
        for record in records where !record.state.isFinal {
            let latest = record.attempts.last.flatMap { $0.state == .running ? $0 : nil }
            var task = LiveTask(state: record.state, pool: names.number(of: record.pool))
            task.attempt = Int32(clamping: latest?.number ?? 0)
            task.worker = names.number(of: latest?.worker)
            task.isPaused = latest?.pausedSince != nil
            task.since = latest?.startedAt ?? record.submittedAt
            tasks[record.id] = task
        }
    }

    // MARK: Events

    public mutating func apply(_ event: Event) {
        last = max(last, event.seq)
        if let id = event.task {
            apply(event, to: id)
        } else if let pool = event.pool, event.worker == nil {
            apply(event, toPool: pool)
        } else {
            applyToDaemon(event)
        }
    }

    private mutating func apply(_ event: Event, to id: Int64) {
        if let worker = event.worker {
            let isOver = event.kind == .taskFinished || event.kind == .taskRetrying || event.kind == .taskRouted
            // A late event of a task must not take a worker from the one that has it now.
            if isOver, workers[worker]?.task == id {
                workers[worker] = nil
            } else if !isOver {
                workers[worker] = LiveWorker(
                    task: id, isPaused: event.kind == .taskPaused, pid: event.pid, since: event.at)
            }
        }
        guard let state = event.state, !state.isFinal else {
            if event.state != nil { tasks[id] = nil }
            return
        }
        var task = tasks[id] ?? LiveTask(state: state, pool: 0)
        let isChange = task.state != state
        task.state = state
        if let pool = event.pool { task.pool = names.number(of: pool) }
        if isChange || event.kind == .taskQueued || event.kind == .taskStarted { task.since = event.at }
        task.attempt = state == .running ? Int32(clamping: event.attempt ?? 0) : 0
        task.worker = state == .running ? names.number(of: event.worker) : 0
        task.isPaused = event.kind == .taskPaused
        tasks[id] = task
    }

    private mutating func apply(_ event: Event, toPool name: String) {
        switch event.kind {
        case .poolPaused: pools[name]?.state = .paused
        case .poolResumed: pools[name]?.state = .active
        case .poolDraining: pools[name]?.state = .draining
        case .poolResized: stale.insert(.pools)
        default: break
        }
    }

    private mutating func applyToDaemon(_ event: Event) {
        switch event.kind {
        case .workerReady:
            if let worker = event.worker { workers[worker] = LiveWorker(pid: event.pid, since: event.at) }
        case .workerExited:
            if let worker = event.worker, workers[worker]?.task == nil { workers[worker] = nil }
        case .gateClosed: if let gate = event.gate { gates[gate] = event.detail ?? "" }
        case .gateOpened: if let gate = event.gate { gates[gate] = nil }
        case .supervisorConnected: isSupervisorConnected = true
        case .supervisorLost: isSupervisorConnected = false
        case .daemonDraining: isDraining = true
        case .daemonStarted:
            isDraining = false
            stale.formUnion([.pools, .workers])
        case .daemonReloaded: stale.formUnion([.pools, .workers])
        case .daemonRestored: stale.insert(.all)
        default: break
        }
    }

    // MARK: Questions

    public func pool(of task: LiveTask) -> String { names[task.pool] ?? "" }
    public func worker(of task: LiveTask) -> String? { names[task.worker] }

    /// The tasks whose number begins with these digits, the newest first: what a person who types one may mean.
    public func ids(startingWith digits: String, limit: Int) -> [Int64] {
        Array(tasks.keys.filter { String($0).utf8.starts(with: digits.utf8) }.sorted(by: >).prefix(limit))
    }

    /// How many of the pool's tasks wait, and how many run.
    public func counts(ofPool name: String) -> (queued: Int, running: Int) {
        guard let number = names.known(name) else { return (0, 0) }
        return tasks.values.reduce(into: (0, 0)) { counts, task in
            guard task.pool == number else { return }
            if task.state == .running { counts.running += 1 } else { counts.queued += 1 }
        }
    }
}

/// A task that has not ended, in few bytes.
public struct LiveTask: Sendable, Equatable {
    public internal(set) var state: TaskState
    /// The number of the attempt that runs; otherwise 0.
    public internal(set) var attempt: Int32 = 0
    var pool: UInt16
    var worker: UInt16 = 0
    /// Started, and paused.
    public internal(set) var isPaused = false
    /// Since when it has its state.
    public internal(set) var since = Timestamp(milliseconds: 0)
}

public struct LivePool: Sendable, Equatable {
    public internal(set) var state: PoolRecord.State
    public let slots: Int
    public let agent: String

    init(_ record: PoolRecord) {
        state = record.state
        slots = record.slots
        agent = record.agent
    }
}

public struct LiveWorker: Sendable, Equatable {
    /// None: it is ready for one.
    public internal(set) var task: Int64?
    public internal(set) var isPaused = false
    public internal(set) var pid: Int32?
    public internal(set) var since: Timestamp?
}

extension LiveWorker {
    /// - Returns: nil where there is no process that has a task or is ready for one.
    init?(_ record: WorkerRecord) {
        guard record.task != nil || record.state == .ready else { return nil }
        self.init(task: record.task, isPaused: record.state == .paused, pid: record.pid, since: record.since)
    }
}

/// Names that come again and again, each with a number. 0 means no name, and stands for further names when there are too many.
private struct NameTable: Sendable, Equatable {
    private var names: [String] = [""]
    private var numbers: [String: UInt16] = [:]

    subscript(number: UInt16) -> String? { number == 0 ? nil : names[Int(number)] }

    func known(_ name: String) -> UInt16? { numbers[name] }

    mutating func number(of name: String?) -> UInt16 {
        guard let name else { return 0 }
        if let number = numbers[name] { return number }
        guard let number = UInt16(exactly: names.count) else { return 0 }
        names.append(name)
        numbers[name] = number
        return number
    }
}
