import Foundation
import OrchProtocol
import Storage
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling

/// A scheduler on a real store, driven turn by turn on a clock that stands still unless told otherwise.
final class Rig {
    static let admin = Requester(uid: 0, isAdministrator: true)
    static let alice = Requester(uid: 1000, isAdministrator: false)
    static let bob = Requester(uid: 1001, isAdministrator: false)
    static let supervisorStore: UInt64 = 0xF00D_0000_0000_0001

    private let directory: ScratchDirectory
    var store: SQLiteStore
    var scheduler: SchedulerState
    var now = Now(wall: 1_800_000_000_000, monotonic: 50_000_000)
    var cycle = 0.0
    var pools: [PoolSettings]
    var rules: Rules
    private var replies: UInt64 = 0
    /// Every event that was published, in order.
    private(set) var events: [Event] = []

    /// - Parameter slots: of the pool `default`, where no pools are given.
    init(
        slots: Int = 2, pools: [PoolSettings]? = nil, rules: Rules = Rules(), mostQueued: Int = 2_000_000,
        connected: Bool = true
    ) throws {
        directory = try ScratchDirectory()
        store = try SQLiteStore(path: directory.path("queue.db"))
        scheduler = SchedulerState(mostQueued: mostQueued)
        self.pools = pools ?? [PoolSettings(name: "default", slots: slots)]
        self.rules = rules
        try turn(.ruled(rules), .configured(self.pools))
        if connected { try connect() }
    }

    /// Puts a new engine on the same database, as a crash and a restart do.
    func restart(connecting inventory: Inventory? = nil) throws {
        try store.close()
        store = try SQLiteStore(path: directory.path("queue.db"))
        scheduler = SchedulerState(mostQueued: scheduler.mostQueued)
        try turn(.ruled(rules), .configured(pools))
        if let inventory { try turn(.connected(inventory)) }
    }

    @discardableResult
    func connect(_ inventory: Inventory? = nil) throws -> TurnResult {
        try turn(.connected(inventory ?? Inventory(store: Self.supervisorStore, heardUpTo: 0)))
    }

    @discardableResult
    func turn(_ inputs: Input...) throws -> TurnResult { try turn(inputs) }

    @discardableResult
    func turn(_ inputs: [Input]) throws -> TurnResult {
        let turn = try store.transaction { try scheduler.turn(inputs, in: $0, now: now, cycle: cycle) }
        events += turn.events
        for problem in turn.problems where problem.isFault { Issue.record("\(problem.text)") }
        return turn
    }

    /// A turn whose commit fails.
    func failingTurn(_ inputs: [Input], with error: any Error) throws {
        try store.transaction { transaction in
            _ = try scheduler.turn(inputs, in: transaction, now: now, cycle: cycle)
            throw error
        }
    }

    func advance(_ milliseconds: Int64) {
        now.wall += milliseconds
        now.monotonic += milliseconds
    }

    /// Applies `pools` and `rules`, and does what is to be done in turns of its own.
    @discardableResult
    func reload() throws -> TurnResult {
        var turn = try turn(.ruled(rules), .configured(pools))
        while !turn.again.isEmpty { turn = try self.turn(turn.again) }
        return turn
    }

    /// A turn in which an agent is found to be limited.
    @discardableResult
    func closeGate(_ name: String, until: Int64?, reason: String = "used up") throws -> Int64 {
        var time: Int64 = 0
        let turn = try store.transaction { transaction in
            var turn = Turn(scheduler, in: transaction, now: now)
            time = try turn.closeGate(name, until: until, reason: reason)
            return try turn.result()
        }
        events += turn.events
        return time
    }

    // MARK: Commands

    func request(_ command: Command, by requester: Requester = Rig.admin) -> Input {
        replies += 1
        return .command(command, by: requester, reply: ReplyToken(replies))
    }

    /// Runs one command in a turn of its own, and answers what it was answered.
    @discardableResult
    func ask(_ command: Command, by requester: Requester = Rig.admin) throws -> Reply {
        let input = request(command, by: requester)
        return try #require(try turn(input).reply(to: input))
    }

    /// The error that a command is refused with.
    func refusal(_ command: Command, by requester: Requester = Rig.admin) throws -> WireError {
        let reply = try ask(command, by: requester)
        guard case .failed(let error) = reply else {
            Issue.record("not refused: \(reply)")
            throw CancellationError()
        }
        return error
    }

    @discardableResult
    func submit(_ spec: TaskSpec, by requester: Requester = Rig.alice) throws -> Int64 {
        try submit(many: [spec], by: requester)[0]
    }

    @discardableResult
    func submit(many specs: [TaskSpec], by requester: Requester = Rig.alice) throws -> [Int64] {
        let reply = try ask(.submit(.many(specs)), by: requester)
        guard case .submitted(let result) = reply else {
            Issue.record("not submitted: \(reply)")
            throw CancellationError()
        }
        return result.all.map(\.id)
    }

    /// A task that runs.
    func begun(_ spec: TaskSpec = .command()) throws -> Int64 {
        let id = try submit(spec)
        try start(live(of: id).id)
        return id
    }

    /// Its processes, through its door.
    func door(of task: Int64) throws -> Requester {
        let attempt = try store.transaction { try $0.liveAttempt(of: task) }
        return .task(task, attempt: attempt?.number ?? 1, uid: 1000)
    }

    /// Has a task ask something; the id of the question.
    @discardableResult
    func askQuestion(_ parameters: AskParameters = AskParameters(text: "Deploy?"), of task: Int64? = nil) throws -> String {
        let task = try task ?? begun()
        return try question(ask(Command(Call(.ask, parameters)), by: door(of: task))).id
    }

    func question(_ reply: Reply) throws -> QuestionRecord {
        guard case .question(let record) = reply else {
            Issue.record("not a question: \(reply)")
            throw CancellationError()
        }
        return record
    }

    // MARK: What the supervisor says

    func starting(_ attempt: Int64, slot: Int = 0) -> StartReport {
        StartReport(
            attempt: UInt64(attempt), pid: Int32(10_000 + attempt), slot: UInt32(slot), startedAt: now.wall,
            startedMonotonic: now.monotonic)
    }

    func ending(_ attempt: Int64, _ ending: AttemptEnd.Ending = .exited(0), ran: Bool = true) -> AttemptEnd {
        AttemptEnd(
            attempt: attempt, start: ran ? starting(attempt) : nil, ending: ending, endedAt: now.wall,
            endedMonotonic: now.monotonic)
    }

    func outputSeen(_ attempt: Int64, last: Int64) -> Input {
        .outputSeen(attempt: attempt, last: last, lookedAt: now.monotonic)
    }

    @discardableResult
    func start(_ attempt: Int64) throws -> TurnResult { try turn(.started(starting(attempt))) }

    @discardableResult
    func end(_ attempt: Int64, _ how: AttemptEnd.Ending = .exited(0), stopped: Bool = false) throws -> TurnResult {
        var end = ending(attempt, how)
        end.stopped = stopped
        return try turn(.ended(end))
    }

    @discardableResult
    func say(_ worker: Int64, _ news: WorkerNews) throws -> TurnResult { try turn(.worker(worker, [news], bytes: 1)) }

    // MARK: What is in the store

    func task(_ id: Int64) throws -> TaskItem {
        try #require(try store.transaction { try $0.task(id) })
    }

    /// As clients see it.
    func record(_ id: Int64) throws -> TaskRecord { try #require(try store.record(of: id)) }

    func keptAnswer(_ key: String, of requester: Requester = Rig.admin) throws -> KeptAnswer? {
        try store.transaction { try $0.keptAnswer(to: key, of: requester.principal.text) }
    }

    func exists(_ id: Int64) throws -> Bool { try store.transaction { try $0.task(id) } != nil }

    func attempt(_ id: Int64) throws -> Attempt {
        try #require(try store.transaction { try $0.attempt(id) })
    }

    func live(of task: Int64) throws -> Attempt {
        try #require(try store.transaction { try $0.liveAttempt(of: task) })
    }

    func workers() throws -> [Worker] { try store.transaction { try $0.workers(in: nil) } }
    func backoff(_ pool: String = "default") throws -> WorkerBackoff? { try store.transaction { try $0.backoff(of: pool) } }
    func poolNames() throws -> [String] { try store.pools().map(\.name) }
    func liveAttempts() throws -> [Attempt] { try store.transaction { try $0.liveAttempts() } }
    var gates: [String: Gate] { store.counts.gates }
    func lanes(_ pool: String) -> [String: Int] { store.counts.lanes(in: pool) }
    var busyLanes: [String: Int] { store.counts.busyLanes }
    func input(of id: Int64) throws -> ByteString? { try store.transaction { try $0.input(of: id) } }
    func counts(_ pool: String) -> TaskCounts { store.counts.tasks(in: pool) }
    func liveCounts(_ pool: String) -> LiveCounts { store.counts.live(in: pool) }

    func phases(_ ids: [Int64]) throws -> [Phase] { try ids.map { try task($0).phase } }
}

extension TaskSpec {
    static func command(_ words: String..., with fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
        var spec = TaskSpec(command: words.isEmpty ? ["true"] : words)
        fill(&spec)
        return spec
    }
}

extension TaskSpec {
    static func prompt(_ text: String, with fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
        var spec = TaskSpec(prompt: text)
        fill(&spec)
        return spec
    }
}

extension TurnResult {
    var launches: [(task: TaskItem, attempt: Attempt, input: ByteString?)] {
        effects.compactMap { if case .launch(let task, let attempt, let input) = $0 { (task, attempt, input) } else { nil } }
    }

    var launchedWorkers: [Worker] {
        effects.compactMap { if case .launchWorker(let worker) = $0 { worker } else { nil } }
    }

    var assigned: [(task: TaskItem, attempt: Attempt, input: ByteString?, again: Bool)] {
        effects.compactMap {
            if case .assign(let task, let attempt, let input, let again) = $0 { (task, attempt, input, again) } else { nil }
        }
    }

    var dismissed: [Int64] {
        effects.compactMap { if case .dismiss(let worker) = $0 { worker } else { nil } }
    }

    var received: [Int64] {
        effects.compactMap { if case .received(let worker, _) = $0 { worker } else { nil } }
    }

    var discardedWorkers: [Int64] {
        effects.compactMap { if case .discardWorker(let worker) = $0 { worker.id } else { nil } }
    }

    var forgotten: [Int64] {
        effects.compactMap { if case .forget(let attempt) = $0 { attempt.id } else { nil } }
    }

    var launchedTasks: [Int64] { launches.map(\.task.id) }
    var launchedAttempts: [Int64] { launches.map(\.attempt.id) }

    var revoked: [Int64] {
        effects.compactMap { if case .revoke(let attempt) = $0 { attempt } else { nil } }
    }

    var stopped: [Int64] {
        effects.compactMap { if case .stop(let attempt, _) = $0 { attempt } else { nil } }
    }

    var acknowledged: [Int64] {
        effects.compactMap { if case .acknowledge(let attempt) = $0 { attempt } else { nil } }
    }

    var frozen: [Int64: Bool] {
        effects.reduce(into: [:]) { if case .freeze(let attempt, let isFrozen) = $1 { $0[attempt] = isFrozen } }
    }

    var checked: [Int64] {
        effects.compactMap { if case .checkOutput(let attempt) = $0 { attempt.id } else { nil } }
    }

    var discarded: [Int64] {
        effects.flatMap { effect -> [Int64] in if case .discard(let tasks, _) = effect { tasks.map(\.id) } else { [] } }
    }

    var slots: [String: Int] {
        effects.reduce(into: [:]) { if case .setSlots(let pool, let slots) = $1 { $0[pool] = slots } }
    }

    var again: [Input] {
        effects.compactMap { if case .again(let input) = $0 { input } else { nil } }
    }

    var events: [Event] {
        effects.flatMap { effect -> [Event] in if case .publish(let events) = effect { events } else { [] } }
    }

    func reply(to input: Input) -> Reply? {
        effects.lazy.compactMap { effect in
            if case .reply(let token, let reply) = effect, token == input.reply { reply } else { nil }
        }.first
    }
}
