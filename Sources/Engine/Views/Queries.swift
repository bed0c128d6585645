import Foundation
import Glibc
import OrchProtocol
import Scheduling
import Storage
import SupervisorLink

/// Answers that need no decision, read from a snapshot of the store.
package struct Queries: Sendable {
    let store: SQLiteStore
    let files: OutputFiles
    let branches: Branches
    let configuration: CurrentConfiguration
    let supervisor: @Sendable () -> SupervisorLinkThread.Standing
    let health: Health
    let attempts: LiveAttempts
    let startedAt: Int64

    private static let maximumResult = 1 << 20

    /// Says on which branches the attempts have worked, where its pool gives them worktrees.
    private func nameBranches(in record: inout TaskRecord) {
        guard record.cwd == nil, configuration.value.pool(record.pool)?.repository != nil else { return }
        for index in record.attempts.indices {
            let attempt = record.attempts[index]
            guard attempt.number > 0, attempt.startedAt != nil else { continue }
            record.attempts[index].branch = branches.name(
                task: record.id, attempt: attempt.number, dispatchedAt: attempt.dispatchedAt.milliseconds)
        }
    }

    package func get(_ parameters: GetParameters) throws -> TaskRecord {
        guard var record = try store.record(of: parameters.id) else {
            throw WireError(.notFound, "there is no task \(parameters.id)", field: "id")
        }
        if record.waiting != nil { record = try waitReasons().explained(record, slots: try slots()) }
        if parameters.result == true { record.result = try result(of: record) }
        nameBranches(in: &record)
        for index in record.attempts.indices where record.attempts[index].state == .ended {
            let (kept, left) = try files.files(task: record.id, attempt: record.attempts[index].number)
            if !kept.isEmpty { record.attempts[index].files = kept }
            if !left.isEmpty { record.attempts[index].leftBehind = left }
        }
        return record
    }

    package func list(_ parameters: ListParameters) throws -> TaskPage {
        let limit = parameters.limit ?? 100
        try SpecRules.check(limit, "limit", nil)
        let reasons = try waitReasons()
        if let pool = parameters.pool, reasons.configuration.pool(pool) == nil, !reasons.counts.occupiedPools.contains(pool) {
            throw unknownPool(pool)
        }
        var page = try store.page(parameters, limit: limit, waits: reasons.places)
        let slots = try slots()
        for index in page.tasks.indices { page.tasks[index] = reasons.explained(page.tasks[index], slots: slots) }
        return page
    }

    func unknownPool(_ name: String) -> WireError {
        .unknownPool(name, known: configuration.value.pools.map(\.settings.name).sorted())
    }

    private func slots() throws -> [String: Int] {
        Dictionary(uniqueKeysWithValues: try store.pools().map { ($0.name, $0.slots) })
    }

    /// What would be chosen for a task.
    func explain(_ spec: TaskSpec, by requester: Requester) throws -> RouteExplanation {
        try router(try store.pools()).explain(spec, by: requester)
    }

    private func router(_ states: [PoolState]) -> TaskRouter {
        let configuration = configuration.value
        let pools = Dictionary(uniqueKeysWithValues: configuration.pools.map { ($0.settings.name, $0.settings) })
        return TaskRouter(rules: configuration.rules, pools: pools, states: states)
    }

    private func waitReasons() throws -> WaitReasons {
        let states = try store.pools()
        let (configuration, counts) = (configuration.value, store.counts)
        return WaitReasons(
            configuration: configuration, pausedPools: Set(states.filter { $0.mode == .paused }.map(\.name)),
            offered: router(states).offered, counts: counts, isDraining: health.isDraining,
            supervisorProblem: supervisor().problem, memoryPressure: health.memoryPressure,
            now: Timestamp(milliseconds: Clock.now().wall),
            gateStates: GateStates(rules: configuration.rules, gates: counts.gates, busy: counts.busyLanes))
    }

    private func result(of record: TaskRecord) throws -> TaskResult? {
        guard let attempt = record.attempts.last, attempt.number != Attempt.routingNumber else { return nil }
        // A result file, where the task has written one, says more than its output.
        for kind in [OutputFiles.Kind.result, .out] {
            let bytes = try files.read(
                task: record.id, attempt: attempt.number, kind, at: 0, count: Self.maximumResult + 1)
            guard !bytes.isEmpty else { continue }
            return TaskResult(
                text: String(decoding: bytes.prefix(Self.maximumResult), as: UTF8.self),
                truncated: bytes.count > Self.maximumResult)
        }
        return TaskResult(text: "", truncated: false)
    }

    package func pools() throws -> PoolList {
        let reasons = try waitReasons()
        let (counts, waits) = (reasons.counts, reasons.places)
        let stored = try store.pools()
        let offered = router(stored).offered
        let states = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0) })
        let configured = configuration.value.pools
        let backoffs = Dictionary(uniqueKeysWithValues: try store.backoffs().map { ($0.pool, $0.reason) })
        let ready = Dictionary(grouping: try store.workers().filter { $0.state == .ready }, by: \.pool)
        let names = Set(configured.map(\.settings.name)).union(counts.occupiedPools)
        let records = names.sorted().map { name in
            let pool = configured.first { $0.settings.name == name }
            let slots = states[name]?.slots ?? pool?.settings.slots ?? 0
            let state: PoolRecord.State =
                if pool == nil {
                    .removed
                } else {
                    switch states[name]?.mode {
                    case .paused: .paused
                    case .draining: .draining
                    default: .active
                    }
                }
            var record = PoolRecord(
                name: name, state: state, slots: slots, agent: pool?.agentName ?? PoolConfiguration.commandAgent,
                counts: Self.shown(name, counts, waits))
            if pool?.settings.warm != nil {
                record.agent = PoolRecord.warmAgent
                record.worker = pool?.workerCommand.first
                record.ready = ready[name]?.count ?? 0
                record.problem = backoffs[name]
            }
            if let offered = offered[name], !offered.isEmpty { record.capabilities = offered.sorted() }
            record.repository = pool?.repository
            return record
        }
        return PoolList(pools: records)
    }

    /// What the ready ones of a pool wait for, and without the attempts that have only been ordered among the running ones.
    private static func shown(_ pool: String, _ stored: Counts, _ waits: WaitPlaces) -> TaskCounts {
        var counts = stored.tasks(in: pool)
        let ordered = stored.live(in: pool).dispatched
        let ready = counts.ready
        counts.ready = ordered
        counts.running -= ordered
        guard let its = waits.pools[pool] else { return counts }
        if let reason = its.reason {
            counts.ready = 0
            counts.add(ready + ordered, waiting: reason)
            return counts
        }
        let lanes = stored.lanes(in: pool).filter { its.lanes[$0.key] != nil }
        for (lane, count) in lanes { counts.add(count, waiting: its.lanes[lane] ?? .ready) }
        counts.ready += ready - lanes.values.reduce(0, +)
        return counts
    }

    func status() throws -> DaemonStatus {
        let pools = try pools().pools
        var counts = TaskCounts()
        for pool in pools { counts.add(pool.counts) }
        let supervisor = supervisor()
        let peer = supervisor.peer
        let workers = pools.compactMap { pool in pool.problem.map { "the pool \"\(pool.name)\" starts no workers: \($0)" } }
        let problems = health.problems(link: supervisor.problem) + workers
        let state: DaemonStatus.State = !problems.isEmpty ? .degraded : health.isDraining ? .draining : .running
        var status = DaemonStatus(
            state: state, version: Release.version, pid: getpid(), startedAt: Timestamp(milliseconds: startedAt),
            now: Timestamp(milliseconds: Clock.now().wall),
            supervisor: SupervisorStatus(
                connected: supervisor.problem == nil, pid: peer?.pid, cgroups: peer?.cgroups, controllers: peer?.controllers,
                version: peer?.program.release,
                startedAt: peer.map { Timestamp(milliseconds: $0.program.executedAt) }),
            counts: counts, pools: pools, problems: problems, lastEvent: try store.lastEvent())
        status.gates = try waitReasons().gates()
        status.stateDirectory = files.stateDirectory
        status.firstEvent = try store.firstEvent()
        return status
    }
}

extension TaskCounts {
    mutating func add(_ other: TaskCounts) {
        ready += other.ready
        delayed += other.delayed
        held += other.held
        blocked += other.blocked
        limited += other.limited
        paused += other.paused
        running += other.running
        succeeded += other.succeeded
        failed += other.failed
        cancelled += other.cancelled
        expired += other.expired
    }
}
