import OrchProtocol
import Scheduling
import Storage

/// The real transaction, with somebody who notes what is written, and who is where a mutation puts its fault.
final class WatchedTransaction: TaskTransaction {
    enum Write {
        case insert(TaskItem)
        case update(TaskItem, from: TaskItem.Place)
        case remove([TaskItem])
        case insertAttempt(Attempt)
        case updateAttempt(Attempt, from: Attempt.State)
        case removeAttempt(Attempt)
        case insertWorker(Worker)
        case updateWorker(Worker)
        case removeWorker(Int64)
        case saveBackoff(WorkerBackoff)
        case removeBackoff(String)
        case saveGate(Gate)
        case removeGate(String)
        case saveSpending(Spending, of: String, in: Int64)
        case savePool(PoolState)
        case removePool(String)
        case append([Event], first: Int64)
    }

    private let real: SQLiteTransaction
    private let mutation: Mutation?
    private(set) var writes: [Write] = []

    init(_ real: SQLiteTransaction, mutation: Mutation?) {
        self.real = real
        self.mutation = mutation
    }

    // MARK: Tasks

    func insert(_ task: TaskItem, input: ByteString?) throws -> Int64 {
        var task = task
        // With the mutation, what hands it over does not see it.
        if let poison = task.poison, mutation != .skipOrderCheck {
            task.definition.environment.merge(poison.variables) { $1 }
            task.definition.directory = poison.directory
        }
        let id = try real.insert(task, input: mutation == .forgetInput && input != nil ? "" : input)
        task.id = id
        writes.append(.insert(task))
        if mutation == .loseTask, id % 5 == 0 { try real.remove([task]) }
        return id
    }

    func task(_ id: Int64) throws -> TaskItem? {
        var task = try real.task(id)
        if mutation == .retryOnceTooOften { task?.retry.retries += 1 }
        if mutation == .retryTooSeldom, let retries = task?.retry.retries { task?.retry.retries = max(0, retries - 1) }
        if mutation == .timeOutTooEarly, let timeout = task?.timeout { task?.timeout = timeout * 9 / 10 }
        if mutation == .idleTooLong, let timeout = task?.idleTimeout { task?.idleTimeout = timeout * 2 + 2_000 }
        if mutation == .forgetGiven { task?.definition.routing?.given = [] }
        return task
    }

    func input(of id: Int64) throws -> ByteString? { try real.input(of: id) }

    func task(withKey key: String, of submitter: UInt32, subject: String?, below parent: Int64) throws -> Int64? {
        if mutation == .forgetKey { return nil }
        let other: UInt32 = submitter == 1000 ? 1001 : 1000
        if mutation == .forgetSubmitter, let id = try real.task(withKey: key, of: other, subject: subject, below: parent) {
            return id
        }
        return try real.task(withKey: key, of: submitter, subject: subject, below: parent)
    }

    func update(_ task: TaskItem, from place: TaskItem.Place) throws {
        var task = task
        // An attempt that could not be started for want of resources has not been made.
        if mutation == .countShortage, place.phase == .active, task.phase == .delayed, let old = try real.task(task.id) {
            task.attempts = old.attempts
        }
        // What was only ordered has not been tried.
        if mutation == .countOrders, place.phase == .active, task.phase == .ready, let old = try real.task(task.id) {
            task.attempts = max(task.attempts, old.attempts)
        }
        if mutation == .forgetRelative { task.dueIsRelative = false }
        try real.update(task, from: place)
        writes.append(.update(task, from: place))
    }

    /// The place and all else of the task are written after it.
    func saveChoice(of task: TaskItem) throws {
        var task = task
        // What was read otherwise than it is must not become so.
        if mutation == .retryOnceTooOften || mutation == .retryTooSeldom, let old = try real.task(task.id) {
            task.retry = old.retry
        }
        if mutation == .timeOutTooEarly, let old = try real.task(task.id) { task.timeout = old.timeout }
        if mutation == .idleTooLong, let old = try real.task(task.id) { task.idleTimeout = old.idleTimeout }
        if mutation != .forgetChoice { try real.saveChoice(of: task) }
    }

    func saveWork(of task: TaskItem) throws { try real.saveWork(of: task) }

    func ready(in pool: String, lane: String, limit: Int) throws -> [TaskItem] {
        switch mutation {
        case .ignorePriority:
            return try Array(real.ready(in: pool, lane: lane, limit: 10_000).sorted { $0.id < $1.id }.prefix(limit))
        case .ignoreHold:
            let held = try real.unfinished(in: pool, after: 0, limit: 10_000).first { $0.phase == .held }
            return try held.map { [$0] } ?? real.ready(in: pool, lane: lane, limit: limit)
        default: return try real.ready(in: pool, lane: lane, limit: limit)
        }
    }

    func due(at wall: Int64, limit: Int) throws -> [TaskItem] {
        try real.due(at: mutation == .startTooEarly ? wall + 2_000 : wall, limit: limit)
    }

    func expired(at wall: Int64, limit: Int) throws -> [TaskItem] {
        mutation == .ignoreExpiry ? [] : try real.expired(at: mutation == .expireTooEarly ? wall + 2_000 : wall, limit: limit)
    }

    func nextWallTime() throws -> Int64? { mutation == .forgetDueTimes ? nil : try real.nextWallTime() }

    func unfinished(in pool: String?, after: Int64, limit: Int) throws -> [TaskItem] {
        try real.unfinished(in: pool, after: after, limit: limit)
    }

    func shiftRelativeDueTimes(by milliseconds: Int64) throws {
        guard mutation != .forgetClockStep else { return }
        try real.shiftRelativeDueTimes(by: milliseconds)
        for task in try real.unfinished(in: nil, after: 0, limit: .max) where task.dueIsRelative {
            writes.append(.update(task, from: task.place))
        }
    }

    func retired(before wall: Int64, keep: Int, limit: Int) throws -> [TaskItem] {
        let tasks = try real.retired(before: wall, keep: keep, limit: limit)
        if mutation == .retireNewest {
            let all = try real.retired(before: .max, keep: 0, limit: 10_000)
            return Array(all.sorted { ($0.finishedAt ?? 0, $0.id) > ($1.finishedAt ?? 0, $1.id) }.prefix(tasks.count))
        }
        guard mutation == .forgetUnfinished else { return tasks }
        return tasks + (try real.unfinished(in: nil, after: 0, limit: 1)).filter { $0.phase.isQueued }
    }

    func trees(of roots: [TaskItem], limit: Int) throws -> [TaskItem] { try real.trees(of: roots, limit: limit) }

    func remove(_ tasks: [TaskItem]) throws {
        try real.remove(tasks)
        writes.append(.remove(tasks))
    }

    // MARK: Trees

    func saveAncestry(of task: TaskItem) throws { try real.saveAncestry(of: task) }
    func forgetKey(of id: Int64) throws { try real.forgetKey(of: id) }
    func spend(_ more: Spending, insteadOf known: Spending, below id: Int64) throws {
        try real.spend(more, insteadOf: known, below: id)
    }

    func save(_ ending: Ending) throws { try real.save(ending) }
    func removeEnding(of id: Int64) throws { try real.removeEnding(of: id) }
    func nextEnding() throws -> Ending? { try real.nextEnding() }
    func counts(below id: Int64) throws -> TreeCounts { try real.counts(below: id) }

    func unfinishedChildren(of id: Int64, after: Int64, limit: Int) throws -> [TaskItem] {
        try real.unfinishedChildren(of: id, after: after, limit: limit)
    }

    func ready(in pool: String, lane: String, root: Int64, below ancestors: [Int64], limit: Int) throws -> [TaskItem] {
        try real.ready(in: pool, lane: lane, root: root, below: ancestors, limit: limit)
    }

    func readyLanes(in pool: String, root: Int64) throws -> [String] { try real.readyLanes(in: pool, root: root) }

    func activeCounts(below ancestors: [Int64], root: Int64) throws -> [(pool: String, lane: String, count: Int)] {
        try real.activeCounts(below: ancestors, root: root)
    }

    func activeTasks() throws -> [(id: Int64, root: Int64)] { try real.activeTasks() }

    // MARK: Attempts

    func insertAttempt(
        task: Int64, number: Int, pool: String, agent: String?, dispatchedAt: Int64
    ) throws -> Attempt {
        let attempt = try real.insertAttempt(
            task: task, number: number, pool: pool, agent: agent, dispatchedAt: dispatchedAt)
        writes.append(.insertAttempt(attempt))
        return attempt
    }

    func insert(_ attempt: Attempt) throws {
        try real.insert(attempt)
        writes.append(.insertAttempt(attempt))
    }

    func skipAttempts(upTo id: Int64) throws -> Bool { try real.skipAttempts(upTo: id) }
    func attempt(_ id: Int64) throws -> Attempt? { try real.attempt(id) }
    func attempts(of task: Int64) throws -> [Attempt] { try real.attempts(of: task) }
    func liveAttempt(of task: Int64) throws -> Attempt? {
        var attempt = try real.liveAttempt(of: task)
        if mutation == .refuseOrdered, attempt?.state == .dispatched { attempt?.state = .running }
        return attempt
    }
    func liveAttempts() throws -> [Attempt] { try real.liveAttempts() }

    func dispatchedAttempts(in pool: String) throws -> [(attempt: Attempt, priority: Int)] {
        try real.dispatchedAttempts(in: pool)
    }

    func update(_ attempt: Attempt, from state: Attempt.State) throws {
        var attempt = attempt
        if mutation == .forgetReason, attempt.outcome?.kind == .spawnFailed { attempt.reason = nil }
        if mutation == .forgetAcceptance, attempt.delivery == .accepted { attempt.delivery = .given }
        var kept = attempt
        if mutation == .tearRow, attempt.state == .running { kept.startedMonotonic = nil }
        if mutation == .swapTimes { kept.cpuSystem = attempt.cpuUser }
        try real.update(kept, from: state)
        writes.append(.updateAttempt(attempt, from: state))
    }

    func oldestAttempt() throws -> (task: Int64, id: Int64) { try real.oldestAttempt() }

    func attribute(_ attempt: Int64, toModel model: String) throws {
        try real.attribute(attempt, toModel: model)
    }

    func keepUsage(of task: Int64) throws { try real.keepUsage(of: task) }
    func insert(_ question: Question) throws -> Int64 { try real.insert(question) }
    func question(_ id: QuestionID) throws -> Question? { try real.question(id) }
    func question(ofStep step: String, of task: Int64) throws -> Question? { try real.question(ofStep: step, of: task) }
    func lastQuestion(of task: Int64) throws -> Int { try real.lastQuestion(of: task) }
    func openQuestions(of task: Int64) throws -> [Question] { try real.openQuestions(of: task) }
    func openQuestionCount(inTree root: Int64) throws -> Int { try real.openQuestionCount(inTree: root) }
    func dueQuestions(at wall: Int64, limit: Int) throws -> [Question] { try real.dueQuestions(at: wall, limit: limit) }
    func update(_ question: Question, from state: Question.State) throws { try real.update(question, from: state) }
    func shiftQuestions(by milliseconds: Int64) throws { try real.shiftQuestions(by: milliseconds) }
    var hasOpenQuestions: Bool { real.hasOpenQuestions }

    func keptAnswer(to key: String, of principal: String) throws -> KeptAnswer? {
        mutation == .forgetAnswer ? nil : try real.keptAnswer(to: key, of: principal)
    }
    func keep(_ answer: KeptAnswer) throws { try real.keep(answer) }
    func forgetAnswers(before wall: Int64, limit: Int) throws { try real.forgetAnswers(before: wall, limit: limit) }

    func removeAttempt(_ attempt: Attempt) throws {
        try real.removeAttempt(attempt)
        writes.append(.removeAttempt(attempt))
    }

    func dueAttempts(at monotonic: Int64, limit: Int) throws -> [Attempt] {
        let stopping = mutation == .wakeStopping ? try real.liveAttempts().filter { $0.stopping != nil } : []
        return try (real.dueAttempts(at: monotonic, limit: limit) + stopping).map { attempt in
            var attempt = attempt
            if mutation == .forgetPauses { attempt.pauses?.total = 0 }
            return attempt
        }
    }

    func nextMonotonicTime() throws -> Int64? { mutation == .forgetTimeouts ? nil : try real.nextMonotonicTime() }

    // MARK: Warm workers without a task

    func insertWorker(pool: String, fingerprint: Int64, since: Int64) throws -> Worker {
        let worker = try real.insertWorker(pool: pool, fingerprint: fingerprint, since: since)
        writes.append(.insertWorker(worker))
        return worker
    }

    func worker(_ id: Int64) throws -> Worker? { try real.worker(id) }

    func workers(in pool: String?) throws -> [Worker] {
        var workers = try real.workers(in: pool)
        if mutation == .useUnreadyWorker {
            for index in workers.indices where workers[index].state == .starting { workers[index].state = .ready }
        }
        return workers
    }

    func update(_ worker: Worker) throws {
        try real.update(worker)
        writes.append(.updateWorker(worker))
    }

    func removeWorker(_ id: Int64) throws {
        if mutation == .keepWorker, id % 5 == 0 { return }
        try real.removeWorker(id)
        writes.append(.removeWorker(id))
    }

    var hasWorkers: Bool { real.hasWorkers }

    func backoff(of pool: String) throws -> WorkerBackoff? {
        mutation == .ignoreBackoff ? nil : try real.backoff(of: pool)
    }

    func save(_ backoff: WorkerBackoff) throws {
        try real.save(backoff)
        writes.append(.saveBackoff(backoff))
    }

    func removeBackoff(of pool: String) throws {
        try real.removeBackoff(of: pool)
        writes.append(.removeBackoff(pool))
    }

    // MARK: Pools and the rest

    func pools() throws -> [PoolState] {
        var pools = try real.pools()
        for index in pools.indices {
            if mutation == .oneSlotTooMany { pools[index].slots += 1 }
            if mutation == .ignorePause, pools[index].mode == .paused { pools[index].mode = .active }
        }
        return pools
    }

    func save(_ pool: PoolState) throws {
        try real.save(pool)
        writes.append(.savePool(pool))
    }

    func removePool(_ name: String) throws {
        try real.removePool(name)
        writes.append(.removePool(name))
    }

    func counts(of pool: String) -> TaskCounts {
        var counts = real.counts(of: pool)
        if mutation == .ignoreHold { counts.ready += counts.held }
        return counts
    }

    func live(in pool: String) -> LiveCounts { real.live(in: pool) }
    func lanes(in pool: String) -> [String: Int] { real.lanes(in: pool) }
    var busyLanes: [String: Int] { mutation == .ignoreLimit ? [:] : real.busyLanes }
    var gates: [String: Gate] {
        switch mutation {
        case .ignoreGate: [:]
        case .ignoreBudget: real.gates.filter { !$0.key.hasPrefix(GateName.budgetPrefix) }
        default: real.gates
        }
    }

    func save(_ gate: Gate) throws {
        var gate = gate
        if mutation == .countLimitTwice, gate.isRelative, gate.isClosed { gate.attempts += 1 }
        try real.save(gate)
        writes.append(.saveGate(gate))
    }

    func removeGate(_ name: String) throws {
        try real.removeGate(name)
        writes.append(.removeGate(name))
    }

    func spending(of budget: String, in period: Int64) throws -> Spending {
        mutation == .forgetSpending ? Spending() : try real.spending(of: budget, in: period)
    }

    func save(_ spending: Spending, of budget: String, in period: Int64) throws {
        try real.save(spending, of: budget, in: period)
        writes.append(.saveSpending(spending, of: budget, in: period))
    }

    func laneRules() throws -> Int64? { try real.laneRules() }
    func setLaneRules(_ number: Int64) throws { try real.setLaneRules(number) }
    func reportProgress() { real.reportProgress() }
    var queuedCount: Int { real.queuedCount }
    var occupiedPools: [String] { real.occupiedPools }
    func supervisorStore() throws -> UInt64? { try real.supervisorStore() }
    func setSupervisorStore(_ id: UInt64) throws { try real.setSupervisorStore(id) }

    func append(_ events: [Event]) throws -> Int64 {
        var events = events
        if mutation == .loseOddText {
            let kept = try real.append(
                events.map { event in
                    var event = event
                    event.detail = event.detail.map {
                        String($0.unicodeScalars.filter { $0.value != 0x1F && $0.value < 0x1_0000 }.map(Character.init))
                    }
                    return event
                })
            writes.append(.append(events, first: kept))
            return kept
        }
        if mutation == .loseEvent, events.count > 1 { events.removeFirst() }
        if mutation == .repeatEvent, let last = events.last { events.append(last) }
        let first = try real.append(events)
        writes.append(.append(events, first: first))
        return first
    }
}

extension WatchedTransaction.Write {
    /// For a trace: all that a turn decides. The order of what a dictionary holds is another in each process, and is left out.
    var brief: String {
        switch self {
        case .insert(let task): "writes new \(task.brief)"
        case .update(let task, _): "writes \(task.brief)"
        case .remove(let tasks): "forgets \(tasks.map(\.id))"
        case .insertAttempt(let attempt): "writes new \(attempt)"
        case .updateAttempt(let attempt, _): "writes \(attempt)"
        case .removeAttempt(let attempt): "removes attempt \(attempt.id)"
        case .insertWorker(let worker): "writes new \(worker)"
        case .savePool(let pool): "writes pool \(pool.name) \(pool.mode) \(pool.slots)"
        case .append: "appends"
        default: "\(self)"
        }
    }
}

extension TaskItem {
    fileprivate var brief: String {
        "task \(id) \(place) priority \(priority) due \(dueAt ?? -1) \(dueIsRelative) attempts \(attempts) \(attemptsBeforeRetry) "
            + "finished \(finishedAt ?? -1) model \(definition.model ?? "") reason \(reason ?? "")"
    }
}
