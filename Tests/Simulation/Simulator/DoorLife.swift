import Engine
import OrchProtocol
import Scheduling
import Storage
import Supervision
import SupervisorLink
import TestSupport

/// A life of trees: tasks that submit others through their doors, wait for them or for people, and end, in two pools that start tasks in each
/// other. The turns, the store and the queues of the supervisor are real. Everything comes from one seed.
public final class DoorLife {
    /// A fault between what the world says and what the turns hear, or the other way round. Each must be found.
    public enum Mutation: String, CaseIterable, Sendable {
        case forgetWait
        case forgetEndOfWait
        case forgetWaitsAfterCrash
        case takeAnswersForTasks
        case takeTasksForAnswers
        case forgetLentSlots
        case ignoreRunning
        case ignoreParked
        case widenRights
        case miscountTrees
        case detachChildren
        case takeKeysForNone
        case takeKeysForOthers
        case letTasksAnswer
        case keepQuestionsOpen
    }

    static let user = Requester(uid: 1000, isAdministrator: false)
    static let administrator = Requester(uid: 0, isAdministrator: true)
    static let names = ["lead", "work"]

    let mutation: Mutation?
    private let directory: ScratchDirectory
    let store: SQLiteStore
    var random: SeededGenerator
    private var scheduler = SchedulerState()
    private var now = Now(wall: 1_800_000_000_000, monotonic: 50_000_000)
    var queues = PoolQueues<(task: Int64, number: Int, pool: String)>()
    var processes: [Int64: Process] = [:]
    private var ended: [AttemptEnd] = []
    var inbox: [Input] = []
    var pools: [PoolSettings] = []
    var slots: [String: Int] = [:]
    var tasks: [Int64: TaskItem] = [:]
    var children: [Int64: [Int64]] = [:]
    private var heardUpTo: Int64 = 0
    /// What tasks have asked for and have not been answered, by the number of the answer.
    var requests: [UInt64: Request] = [:]
    /// What this turn has answered.
    var answers: [(request: Request, reply: Reply)] = []
    /// The latest child of a task that has a key.
    var steps: [Step: Int64] = [:]
    var replies: UInt64 = 0
    var rootsToMake: Int
    private var isDraining = false
    var isPaused: Set<String> = []
    /// The most roots that a pool could have in this life.
    var highestRoots: [String: Int] = [:]
    let cycle: Double
    /// Whether there is more for a turn to do, whatever happens.
    var isDue = false
    public internal(set) var violations: [String] = []
    public private(set) var starts = 0
    /// How often something was handed a place that was lent.
    public private(set) var loans = 0

    public init(seed: UInt64, mutation: Mutation? = nil) throws {
        self.mutation = mutation
        random = SeededGenerator(seed &+ 0xD00D)
        directory = try ScratchDirectory()
        store = try SQLiteStore(path: directory.path("queue.db"))
        rootsToMake = .random(in: 2...7, using: &random)
        // In some lives orders are ahead of their slots.
        cycle = random.chance(40) ? 50 : 0
        pools = drawPools()
    }

    private func drawPools() -> [PoolSettings] {
        Self.names.map { name in
            var pool = PoolSettings(name: name, slots: .random(in: 1...2, using: &random))
            var rules = SpawnRules(
                pools: random.chance(80) ? Self.names : [random.chance(50) ? "lead" : "work"],
                depth: .random(in: 1...4, using: &random),
                children: .random(in: 3...20, using: &random))
            if random.chance(40) { rules.running = .random(in: 1...2, using: &random) }
            rules.parked = random.chance(50) ? nil : .random(in: 0...2, using: &random)
            pool.spawn = rules
            return pool
        }
    }

    // MARK: The course of a life

    public func run() throws {
        noteRoots()
        try turn([.ruled(Rules()), .configured(forEngine(pools)), .connected(inventory)])
        for _ in 0..<250 where violations.isEmpty { try step(isCalm: false) }
        try calm()
        var steps = 0
        while violations.isEmpty, try hasMore() {
            try step(isCalm: true)
            steps += 1
            if steps > 6_000 { violations.append("not everything comes to its end: \(standing)") }
        }
        try store.close()
    }

    private func hasMore() throws -> Bool {
        !inbox.isEmpty || rootsToMake > 0 || tasks.values.contains { !$0.phase.isFinal }
    }

    /// Nothing happens from outside any more, and what was stopped goes on.
    private func calm() throws {
        if isDraining { try restart() }
        for pool in isPaused.sorted() { ask(.resumePool(pool)) }
        isPaused = []
        // What was taken away from parents their children wait for.
        for index in pools.indices {
            pools[index].spawn?.pools = Self.names
            pools[index].spawn?.depth = 9
        }
        inbox.append(.configured(forEngine(pools)))
        try takeTurn()
    }

    private func step(isCalm: Bool) throws {
        now.wall += 20
        now.monotonic += 20
        switch Int.random(in: 0..<(isCalm ? 12 : 16), using: &random) {
        case 0..<3: startNext()
        case 3..<9: act()
        case 9 where rootsToMake > 0 && !isDraining: makeRoot()
        case 10, 11: try takeTurn()
        case 12 where random.chance(12): try restart()
        case 13 where random.chance(20): inbox += [.disconnected, .connected(inventory)]
        case 14 where random.chance(20): changeSettings()
        case 15 where random.chance(20): command()
        default: break
        }
        if random.chance(60) { try takeTurn() }
    }

    /// Another engine on the same store: it knows of no wait until the clients say so.
    private func restart() throws {
        scheduler = SchedulerState()
        (inbox, requests) = ([], [:])
        isDraining = false
        for id in processes.keys where processes[id]?.wait != nil { processes[id]?.wait?.isTold = false }
        try turn([.ruled(Rules()), .configured(forEngine(pools)), .connected(inventory)])
        for (id, process) in processes.sorted(by: { $0.key < $1.key }) {
            guard let wait = process.wait, mutation != .forgetWaitsAfterCrash else { continue }
            processes[id]?.wait?.isTold = true
            say(process, wait.cause, 1)
        }
    }

    private func noteRoots() {
        for pool in pools { highestRoots[pool.name] = max(highestRoots[pool.name] ?? 0, mostRoots(pool.name)) }
    }

    private func changeSettings() {
        pools = drawPools()
        noteRoots()
        inbox.append(.configured(forEngine(pools)))
    }

    private func command() {
        let pool = Self.names[Int.random(in: 0...1, using: &random)]
        if isPaused.contains(pool) {
            isPaused.remove(pool)
            ask(.resumePool(pool))
        } else if random.chance(60) {
            isPaused.insert(pool)
            ask(.pausePool(pool))
        } else {
            isDraining = true
            ask(.drain)
        }
    }

    /// As the engine has it, which may be told something else.
    private func forEngine(_ pools: [PoolSettings]) -> [PoolSettings] {
        pools.map { pool in
            var pool = pool
            if mutation == .ignoreRunning { pool.spawn?.running = nil }
            if mutation == .ignoreParked { pool.spawn?.parked = 9 }
            if mutation == .widenRights { pool.spawn?.pools = Self.names }
            if mutation == .detachChildren { pool.spawn?.detach = true }
            return pool
        }
    }

    // MARK: The supervisor

    private var inventory: Inventory {
        var inventory = Inventory(store: 1, heardUpTo: heardUpTo)
        inventory.waiting = queues.waitingAttempts.map { Int64(bitPattern: $0) }
        inventory.started = processes.sorted { $0.key < $1.key }.map(\.value.start)
        inventory.ended = ended
        return inventory
    }

    private func startNext() {
        guard let next = queues.next() else { return }
        let id = Int64(bitPattern: next.attempt)
        let start = StartReport(
            attempt: next.attempt, pid: Int32(truncatingIfNeeded: 1_000 + id), slot: next.slot, startedAt: now.wall,
            startedMonotonic: now.monotonic)
        let depth = tasks[next.order.task]?.ancestry.depth ?? 0
        processes[id] = Process(
            task: next.order.task, number: next.order.number, pool: next.order.pool, start: start,
            toMake: depth > 3 || random.chance(30) ? 0 : .random(in: 1...3, using: &random))
        starts += 1
        checkStart(in: next.order.pool, task: next.order.task)
        inbox.append(.started(start))
    }

    func end(_ id: Int64, _ how: AttemptEnd.Ending, stopped: Bool = false) {
        guard let process = processes.removeValue(forKey: id) else { return }
        queues.free(process.start.slot, of: process.pool)
        var end = AttemptEnd(attempt: id, start: process.start, ending: how, endedAt: now.wall, endedMonotonic: now.monotonic)
        end.stopped = stopped
        ended.append(end)
        inbox.append(.ended(end))
    }

    // MARK: Turns

    private func takeTurn() throws {
        let inputs = inbox
        inbox = []
        try turn(inputs)
    }

    private func turn(_ inputs: [Input]) throws {
        let before = tasks
        let result = try store.transaction { transaction in
            let result = try scheduler.turn(inputs, in: transaction, now: now, cycle: cycle)
            if mutation == .keepQuestionsOpen { try reopenQuestions(in: transaction) }
            return result
        }
        for problem in result.problems where problem.isFault { violations.append(problem.text) }
        let effects = result.effects
        answers = []
        isDue = (result.nextWall ?? .max) <= now.wall || (result.nextMonotonic ?? .max) <= now.monotonic
        for effect in effects { perform(effect) }
        try readTasks()
        try check(effects, before)
        // The engine takes what is left at once.
        let isUnfinished = effects.contains { if case .again = $0 { true } else { false } }
        if isDue || isUnfinished { try takeTurn() }
    }

    private func reopenQuestions(in transaction: SQLiteTransaction) throws {
        for task in tasks.keys.sorted() {
            guard var question = try transaction.question(QuestionID(task: task, number: 1)) else { continue }
            guard question.state == .withdrawn else { continue }
            question.state = .open
            try transaction.update(question, from: .withdrawn)
        }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .launch(let task, let attempt, _):
            heardUpTo = max(heardUpTo, attempt.id)
            queues.enqueue(UInt64(bitPattern: attempt.id), pool: attempt.pool, (task.id, attempt.number, attempt.pool))
        case .revoke(let id):
            inbox.append(.revoked(attempt: id, accepted: queues.withdraw(UInt64(bitPattern: id)) != nil))
        case .stop(let id, _):
            if queues.withdraw(UInt64(bitPattern: id)) != nil {
                inbox.append(.revoked(attempt: id, accepted: true))
            } else {
                end(id, .signalled(15), stopped: true)
            }
        case .acknowledge(let id): ended.removeAll { $0.attempt == id }
        case .setSlots(let pool, let count):
            let own = pools.first { $0.name == pool }?.slots ?? count
            if count > own { loans += 1 }
            slots[pool] = mutation == .forgetLentSlots ? own : count
            queues.setSlots(of: pool, to: UInt32(slots[pool] ?? 0))
        case .reply(let token, let reply):
            if let request = requests.removeValue(forKey: token.number) { answers.append((request, reply)) }
        case .again(let input): inbox.append(input)
        default: break
        }
    }
}
