import Agents
import DaemonConfiguration
import Foundation
import Glibc
import OrchProtocol
import Platform
import Scheduling
import Storage
import SupervisorLink

/// Answers that need no decision, read from a snapshot of the store.
package struct Queries: Sendable {
    let core: EngineCore
    let supervisor: @Sendable () -> SupervisorLinkThread.Standing
    let startedAt: Int64

    private static let maximumResult = 1 << 20

    /// Says on which branches the attempts have worked, where its pool gives them worktrees.
    private func nameBranches(in record: inout TaskRecord) {
        guard record.cwd == nil, core.configuration.value.pool(record.pool)?.repository != nil else { return }
        for index in record.attempts.indices {
            let attempt = record.attempts[index]
            guard attempt.number > 0, attempt.startedAt != nil else { continue }
            record.attempts[index].branch = core.branches.name(
                task: record.id, attempt: attempt.number, dispatchedAt: attempt.dispatchedAt.milliseconds)
        }
    }

    package func get(_ parameters: GetParameters) throws -> TaskRecord {
        guard var record = try core.store.record(of: parameters.id) else {
            throw WireError(.notFound, "there is no task \(parameters.id)", field: "id")
        }
        if record.waiting != nil { record = try waitReasons().explained(record, slots: try slots()) }
        if parameters.result == true { record.result = try result(of: record) }
        nameBranches(in: &record)
        var records = [record]
        try addNews(to: &records, isList: false)
        record = records[0]
        for index in record.attempts.indices where record.attempts[index].state == .ended {
            let (kept, left) = try core.files.files(task: record.id, attempt: record.attempts[index].number)
            if !kept.isEmpty { record.attempts[index].files = kept }
            if !left.isEmpty { record.attempts[index].leftBehind = left }
        }
        return record
    }

    /// - Parameter below: only what this task and those below it have started.
    package func list(_ parameters: ListParameters, below: Int64? = nil) throws -> TaskPage {
        let limit = parameters.limit ?? 100
        try SpecRules.check(parameters)
        let reasons = try waitReasons()
        if let pool = parameters.pool, reasons.configuration.pool(pool) == nil, !reasons.counts.occupiedPools.contains(pool) {
            throw unknownPool(pool)
        }
        var page = try core.store.page(parameters, limit: limit, waits: reasons.places, below: below)
        let slots = try slots()
        for index in page.tasks.indices { page.tasks[index] = reasons.explained(page.tasks[index], slots: slots) }
        try addNews(to: &page.tasks, isList: true)
        return page
    }

    func unknownPool(_ name: String) -> WireError {
        .unknownPool(name, known: core.configuration.value.pools.map(\.settings.name).sorted())
    }

    private func slots() throws -> [String: Int] {
        Dictionary(uniqueKeysWithValues: try core.store.pools().map { ($0.name, $0.slots) })
    }

    /// What would be chosen for a task.
    func explain(_ spec: TaskSpec, by requester: Requester) throws -> RouteExplanation {
        let explanation = try router(try core.store.pools()).explain(spec, by: requester)
        guard let known = try pools(of: requester), !known.contains(explanation.pool) else { return explanation }
        throw WireError(
            .forbidden,
            "it would go to the pool \"\(explanation.pool)\", where this task may start none; pool.list names those where it may",
            field: "pool")
    }

    func router(_ states: [PoolState]) -> TaskRouter {
        let configuration = core.configuration.value
        let pools = Dictionary(uniqueKeysWithValues: configuration.pools.map { ($0.settings.name, $0.settings) })
        return TaskRouter(rules: configuration.rules, pools: pools, states: states)
    }

    private func waitReasons() throws -> WaitReasons {
        let states = try core.store.pools()
        let (configuration, counts) = (core.configuration.value, core.store.counts)
        return WaitReasons(
            configuration: configuration, pausedPools: Set(states.filter { $0.mode == .paused }.map(\.name)),
            offered: router(states).offered, counts: counts, isDraining: core.health.isDraining,
            supervisorProblem: supervisor().problem, memoryPressure: core.health.memoryPressure,
            now: Timestamp(milliseconds: Clock.realTime),
            gateStates: GateStates(rules: configuration.rules, gates: counts.gates, busy: counts.busyLanes))
    }

    private func result(of record: TaskRecord) throws -> TaskResult? {
        guard let attempt = record.attempts.last, attempt.number != Attempt.routingNumber else { return nil }
        // A result file, where the task has written one, says more than its output.
        for kind in [OutputFiles.Kind.result, .out] {
            let bytes = try core.files.read(
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
        let stored = try core.store.pools()
        let offered = router(stored).offered
        let states = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0) })
        let configured = core.configuration.value.pools
        let backoffs = Dictionary(uniqueKeysWithValues: try core.store.backoffs().map { ($0.pool, $0.reason) })
        let ready = Dictionary(grouping: try core.store.workers().filter { $0.state == .ready }, by: \.pool)
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
    private static func shown(_ pool: String, _ stored: Tally, _ waits: WaitPlaces) -> TaskCounts {
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
        var link = SupervisorStatus(connected: supervisor.problem == nil)
        if let peer = supervisor.peer {
            (link.pid, link.cgroups, link.controllers) = (peer.pid, peer.cgroups, peer.controllers)
            (link.version, link.startedAt) = (peer.program.release, Timestamp(milliseconds: peer.program.executedAt))
        }
        let workers = pools.compactMap { pool in pool.problem.map { "the pool \"\(pool.name)\" starts no workers: \($0)" } }
        let problems = core.health.problems(link: supervisor.problem) + workers
        let state: DaemonStatus.State = !problems.isEmpty ? .degraded : core.health.isDraining ? .draining : .running
        var status = DaemonStatus(
            state: state, version: Release.version, pid: getpid(), startedAt: Timestamp(milliseconds: startedAt),
            now: Timestamp(milliseconds: Clock.realTime),
            supervisor: link, counts: counts, pools: pools, problems: problems, lastEvent: try core.store.lastEvent())
        status.questions = core.store.counts.openQuestions
        status.gates = try waitReasons().gates()
        status.stateDirectory = core.files.stateDirectory
        status.firstEvent = try core.store.firstEvent()
        return status
    }

    // MARK: Agents

    /// What the configuration knows of agents; whether their programs are there, a client finds out.
    func agents() -> AgentList {
        let configuration = core.configuration.value
        return AgentList(
            agents: configuration.agents.values.sorted { $0.name < $1.name }.map { agent in
                let pools = configuration.pools.filter { $0.settings.agent == agent.name }
                var record = AgentRecord(
                    name: agent.name, program: agent.program ?? "", pools: pools.map(\.settings.name).sorted())
                record.description = agent.description
                record.version = agent.versionArguments
                record.install = agent.installation
                record.model = agent.model
                record.thinking = agent.thinkingLevels?.sorted()
                record.path = pools.min { $0.settings.name < $1.settings.name }?.path.lossy
                return record
            })
    }

    // MARK: Usage
    // What tasks have used, and how far the budgets are.

    func usage(_ parameters: UsageParameters) throws -> UsageReport {
        let now = Clock.realTime
        let (rows, total) = try core.store.usage(by: parameters.by, since: parameters.since?.milliseconds ?? 0, now: now)
        let today = LocalDays.day(at: now)
        let budgets = try core.configuration.value.budgets.sorted { $0.name < $1.name }.map { budget in
            let spending = !budget.isShared ? nil : try core.store.spending(of: budget.name, in: budget.period(on: today))
            return BudgetRecord(budget, spending)
        }
        return UsageReport(rows: rows, total: total, budgets: budgets)
    }
}

extension BudgetRecord {
    fileprivate init(_ budget: Budget, _ spending: Spending?) {
        let (unit, amount, spent): (Unit, Int64, Int64?) =
            switch budget.amount {
            case .cost(let limit): (.micros, limit, spending?.cost)
            case .tokens(let limit): (.tokens, limit, spending?.tokens)
            }
        let per = Period(rawValue: budget.period.rawValue)
        self.init(name: budget.name, per: per, hard: budget.isHard, unit: unit, amount: amount, spent: spent)
    }
}

/// What each worker does.
extension Queries {
    func workers(_ parameters: WorkerListParameters) throws -> WorkerList {
        let pools = try pools().pools.filter { parameters.pool == nil || $0.name == parameters.pool }
        if let pool = parameters.pool, pools.isEmpty { throw unknownPool(pool) }
        let running = Dictionary(grouping: try core.store.live().filter { $0.attempt.state == .running }, by: \.attempt.pool)
        let warm = Dictionary(grouping: try core.store.workers(), by: \.pool)
        let backoffs = Dictionary(uniqueKeysWithValues: try core.store.backoffs().map { ($0.pool, $0) })
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
        let progress = core.attempts[attempt.id]?.progress
        record.percent = progress?.percent
        record.activity = progress?.text ?? record.activity
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
