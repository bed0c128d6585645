import Foundation
import OrchProtocol
import Storage
import TestSupport
import Testing

@testable import Scheduling

/// A life of the whole: clients that ask for anything, a supervisor, and faults. What is promised is checked after every turn.
private final class World {
    struct Killed: Error {}

    private let directory: ScratchDirectory
    private var store: SQLiteStore
    private var scheduler = Scheduler()
    private var supervisor = SimulatedSupervisor()
    private var random: SeededGenerator
    private var now = Now(wall: 1_800_000_000_000, monotonic: 1_000)
    private var isLinked = false
    private var inbox: [Input] = []
    private var latest = Turn()
    private var replies: UInt64 = 0
    private var accepted: Set<Int64> = []
    private var pools: [PoolSettings]
    private let allPools: [PoolSettings]
    private let cycle: Double
    private(set) var log: [String] = []
    private(set) var violations: [String] = []

    init(seed: UInt64) throws {
        directory = try ScratchDirectory()
        store = try SQLiteStore(path: directory.path("queue.db"))
        random = SeededGenerator(seed)
        cycle = random.chance(50) ? 0 : 400
        allPools = [PoolSettings(name: "default", slots: 2, retries: 1), PoolSettings(name: "b", slots: 1, timeout: 3_000)]
        pools = allPools
        inbox = [.configured(pools)]
    }

    private var lastTask: Int64 { accepted.max() ?? 0 }

    private func fail(_ what: String) { violations.append(what) }

    // MARK: The engine

    /// One turn, and its effects; a fault may come before the commit, after it, or between two effects.
    private func turn(faults: Bool) throws {
        let inputs = inbox
        inbox = []
        let fault = faults ? Int.random(in: 0..<60, using: &random) : -1
        if !inputs.isEmpty { log.append("turn \(inputs)") }
        do {
            latest = try store.transaction {
                let turn = try scheduler.turn(inputs, in: $0, now: now, cycle: cycle)
                if fault == 0 { throw Killed() }
                return turn
            }
        } catch is Killed {
            log.append("killed before the commit")
            return try restart()
        }
        try check(latest)
        for (index, effect) in latest.effects.enumerated() {
            if fault == 1, random.chance(30) {
                log.append("killed before effect \(index)")
                return try restart()
            }
            if fault == 2, random.chance(30) { unlink() }
            switch effect {
            case .reply(_, .submitted(let result)): accepted.formUnion(result.all.map(\.id))
            case .again(let input): inbox.append(input)
            case .checkOutput(let attempt):
                inbox.append(.outputSeen(attempt: attempt.id, monotonic: now.monotonic - (random.chance(50) ? 0 : 10_000)))
            default: if isLinked { supervisor.perform(effect, now: now, &random) }
            }
        }
    }

    private func restart() throws {
        scheduler = Scheduler()
        isLinked = false
        supervisor.outbox = []
        inbox = [.configured(pools)]
        latest = Turn()
        if random.chance(20) {
            try store.close()
            store = try SQLiteStore(path: directory.path("queue.db"))
        }
    }

    private func unlink() {
        guard isLinked else { return }
        log.append("link lost")
        isLinked = false
        supervisor.outbox = []
        inbox.append(.disconnected)
    }

    private func link() {
        guard !isLinked else { return }
        isLinked = true
        supervisor.outbox = []
        inbox.append(.connected(supervisor.inventory))
    }

    // MARK: What is promised

    private func check(_ turn: Turn) throws {
        let launchedPools = Set(turn.launches.map(\.attempt.pool))
        try store.transaction { (transaction) throws in
            let live = try transaction.liveAttempts()
            let byTask = Dictionary(grouping: live, by: \.task)
            for (task, attempts) in byTask where attempts.count > 1 { fail("task \(task) has \(attempts.count) live attempts") }
            var counts: [TaskItem.Place: Int] = [:]
            for id in 1...max(lastTask, 1) where accepted.contains(id) {
                guard let task = try transaction.task(id) else {
                    fail("task \(id) was accepted and is gone")
                    continue
                }
                counts[task.place, default: 0] += 1
                if (task.phase == .running) != (byTask[id] != nil) {
                    fail("task \(id) is \(task.phase) with \(byTask[id] ?? [])")
                }
                if task.attempts - task.forgivenAttempts > task.retry.retries + 1 { fail("task \(id): too many attempts") }
                if supervisor.starts[id, default: 0] > task.attempts { fail("task \(id) was started more often than counted") }
                if task.phase == .succeeded, !supervisor.successes.contains(id) { fail("task \(id) never succeeded") }
                if task.phase.isFinal != (task.finishedAt != nil) { fail("task \(id): \(task.phase), \(task.finishedAt ?? 0)") }
                if task.phase.isFinal || task.phase.isQueued, supervisor.running.values.contains(where: { $0.order.task == id })
                {
                    fail("task \(id) is \(task.phase) and runs")
                }
            }
            for pool in try transaction.pools() {
                let its = live.filter { $0.pool == pool.name }
                let count = LiveCounts(
                    dispatched: its.count { $0.state == .dispatched }, running: its.count { $0.state == .running })
                if transaction.live(in: pool.name) != count { fail("the count of live attempts is off") }
                let depth = scheduler.runAhead[pool.name]?.depth(slots: pool.slots, cycle: cycle) ?? 0
                if launchedPools.contains(pool.name), its.count > pool.slots + depth, !turn.effects.contains(where: \.isSlots) {
                    fail("\(its.count) live in \(pool.name) with \(pool.slots) slots and \(depth) ahead")
                }
                let known = transaction.counts(of: pool.name)
                for (phase, count) in [
                    (Phase.ready, known.ready), (.delayed, known.delayed), (.held, known.held), (.running, known.running),
                    (.succeeded, known.succeeded), (.failed, known.failed), (.cancelled, known.cancelled),
                    (.expired, known.expired),
                ] where counts[TaskItem.Place(pool: pool.name, phase: phase)] ?? 0 > count {
                    fail("the count of \(phase) in \(pool.name) is off")
                }
            }
        }
        violations += supervisor.violations
    }

    // MARK: What people do

    private func somebody() -> Input {
        replies += 1
        return .command(command(), by: Requester(uid: 0, isAdministrator: true), reply: ReplyToken(replies))
    }

    private func someTasks() -> [Int64] {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in Int64.random(in: 1...max(lastTask, 1), using: &random) }
    }

    private func spec() -> TaskSpec {
        var spec = TaskSpec(command: ["x"])
        if random.chance(30) { spec.pool = "b" }
        spec.priority = Int.random(in: 0...2, using: &random)
        if random.chance(50) { spec.retries = Int.random(in: 0...3, using: &random) }
        if random.chance(50) { spec.retryDelay = random.chance(50) ? 0 : 0.5 }
        if random.chance(20) { spec.timeout = 1 }
        if random.chance(20) { spec.idleTimeout = 0.5 }
        if random.chance(10) { spec.hold = true }
        if random.chance(15) { spec.stdin = "in" }
        if random.chance(15) { spec.notBefore = WireTime(milliseconds: now.wall + .random(in: -500...2_000, using: &random)) }
        if random.chance(10) { spec.expires = WireTime(milliseconds: now.wall + .random(in: 0...3_000, using: &random)) }
        if random.chance(10) { spec.key = "k\(Int.random(in: 0...3, using: &random))" }
        return spec
    }

    private func command() -> Command {
        let pool = random.chance(60) ? "default" : "b"
        switch Int.random(in: 0..<24, using: &random) {
        case 0..<10: return .submit(.many((0..<Int.random(in: 1...4, using: &random)).map { _ in spec() }))
        case 10, 11: return .cancel(CancelParameters(ids: someTasks()))
        case 12: return .cancel(random.chance(50) ? CancelParameters(pool: pool) : CancelParameters(all: true))
        case 13: return .hold(someTasks())
        case 14: return .release(someTasks())
        case 15, 16: return .retry(someTasks())
        case 17: return .pausePool(pool)
        case 18, 19: return .resumePool(pool)
        case 20: return .resizePool(pool, slots: .random(in: 0...4, using: &random))
        case 21: return random.chance(80) ? .drainPool(pool) : random.chance(50) ? .drain : .shutdown
        default:
            var change = UpdateParameters(id: someTasks()[0])
            change.priority = .random(in: 0...3, using: &random)
            if random.chance(30) { change.pool = pool }
            if random.chance(30) {
                change.notBefore = WireTime(milliseconds: now.wall + .random(in: -10...900, using: &random))
            }
            return .update(change)
        }
    }

    // MARK: The walk

    func walk(steps: Int) throws {
        for _ in 0..<steps where violations.isEmpty {
            let advance = Int64.random(in: 0...400, using: &random)
            now.wall += advance
            now.monotonic += advance
            for _ in 0..<Int.random(in: 0...2, using: &random) { inbox.append(somebody()) }
            if random.chance(60) { supervisor.step(now: now, &random) }
            deliver()
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<2:
                log.append("supervisor killed")
                supervisor.crash(now: now)
                unlink()
            case 2:
                log.append("boot")
                supervisor.boot()
                now.monotonic = 1_000
                try restart()
            case 3..<5: unlink()
            case 5:
                pools = random.chance(50) ? allPools : [allPools[0]]
                inbox.append(.configured(pools))
            case 6:
                let step = Int64.random(in: -5_000...5_000, using: &random)
                now.wall += step
                inbox.append(.clockStepped(by: step))
            case 7: inbox.append(.outputLimitReached(attempt: .random(in: 1...20, using: &random)))
            case 8:
                // Reports may come twice.
                inbox += supervisor.inventory.ended.prefix(2).map(Input.ended)
                inbox += supervisor.inventory.started.prefix(2).map(Input.started)
            default: if random.chance(30) { link() }
            }
            try turn(faults: true)
        }
    }

    private func deliver() {
        guard isLinked else { return }
        // In their order, but not all at once.
        let count = Int.random(in: 0...supervisor.outbox.count, using: &random)
        inbox += supervisor.outbox.prefix(count)
        supervisor.outbox.removeFirst(count)
    }

    /// Faults have stopped, and everything is let go: how long does it take until all is done?
    func settle() throws {
        pools = allPools
        try restart()
        link()
        let admin = Requester(uid: 0, isAdministrator: true)
        for pool in pools {
            inbox.append(.command(.resumePool(pool.name), by: admin, reply: ReplyToken(0)))
            inbox.append(.command(.resizePool(pool.name, slots: 2), by: admin, reply: ReplyToken(0)))
        }
        for id in accepted.sorted() { inbox.append(.command(.release([id]), by: admin, reply: ReplyToken(0))) }
        for _ in 0..<2_000 where violations.isEmpty {
            supervisor.step(now: now, &random)
            inbox += supervisor.outbox
            supervisor.outbox = []
            try turn(faults: false)
            if try isDone(), inbox.isEmpty, supervisor.outbox.isEmpty { break }
            let step = [latest.nextWall.map { $0 - now.wall }, latest.nextMonotonic.map { $0 - now.monotonic }]
                .compactMap { $0 }.min()
            let advance = supervisor.isIdle ? max(step ?? 100, 1) : 50
            now.wall += advance
            now.monotonic += advance
        }
        if violations.isEmpty, try !isDone() {
            fail("not everything came to an end: \(try accepted.sorted().compactMap { try store.record(of: $0) })")
        }
        if !supervisor.inventory.ended.isEmpty { fail("ends that were never acknowledged") }
        var numbers: [Int64] = []
        while true {
            let more = try store.events(after: numbers.last ?? 0)
            if more.isEmpty { break }
            numbers += more.map(\.seq)
        }
        if numbers != Array(1...Int64(max(numbers.count, 1))) { fail("events have gaps") }
    }

    private func isDone() throws -> Bool {
        try store.transaction { transaction in
            try accepted.allSatisfy { try transaction.task($0)?.phase.isFinal ?? false }
        }
    }
}

extension Effect {
    fileprivate var isSlots: Bool { if case .setSlots = self { true } else { false } }
}

@Suite struct RandomWalkTests {
    /// `ORCHD_SEED` runs one life only, `ORCHD_LIVES` more of them.
    static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["ORCHD_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        return 0..<(environment["ORCHD_LIVES"].flatMap(UInt64.init) ?? 300)
    }()

    @Test func thePromisesHoldInEveryLife() throws {
        for seed in Self.seeds {
            let world = try World(seed: seed)
            try world.walk(steps: 60)
            if world.violations.isEmpty { try world.settle() }
            guard world.violations.isEmpty else {
                let tail = world.log.suffix(60).joined(separator: "\n")
                Issue.record("seed \(seed): \(world.violations.joined(separator: "; "))\n\(tail)")
                return
            }
        }
    }
}

@Suite struct DeterminismTests {
    /// Two engines on two stores, with the same inputs at the same times: the same effects.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func theSameInputsGiveTheSameEffects(seed: UInt64) throws {
        let rigs = [try Rig(slots: 2), try Rig(slots: 2)]
        for rig in rigs { rig.cycle = 5 }
        var random = SeededGenerator(seed)
        for step in 0..<60 {
            var inputs: [Input] = []
            let live = try rigs[0].liveAttempts()
            for attempt in live where random.chance(40) {
                if attempt.state == .dispatched {
                    inputs.append(.started(rigs[0].starting(attempt.id)))
                } else {
                    inputs.append(.ended(rigs[0].ending(attempt.id, random.chance(50) ? .exited(0) : .exited(1))))
                }
            }
            let spec = TaskSpec.command {
                $0.retries = 2
                $0.priority = Int.random(in: 0...3, using: &random)
                $0.env = ["A": "1", "B": "2", "C": "3"]
                $0.labels = ["x": "1", "y": "2"]
            }
            inputs.append(.command(.submit(.many([spec, spec])), by: Rig.alice, reply: ReplyToken(UInt64(step))))
            if random.chance(10) {
                inputs.append(.command(.cancel(CancelParameters(all: true)), by: Rig.admin, reply: ReplyToken(0)))
            }
            if random.chance(10) { inputs.append(.configured([PoolSettings(name: "default", slots: step % 4)])) }
            for rig in rigs { rig.advance(500) }
            let turns = try rigs.map { try $0.turn(inputs) }
            #expect(turns[0] == turns[1], "seed \(seed), step \(step)")
        }
    }
}
