import GRDB
import OrchProtocol
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling
@testable import Storage

/// What the queue costs must not grow with it. SQLite counts the steps of its statements, and those are the same on every machine.
@Suite struct FlatnessTests {
    private static let few = 200
    private static let many = 10_000

    /// A store with tasks that are no concern of what is measured, and one task of each kind that is.
    private func store(_ directory: ScratchDirectory, _ name: String, count: Int, _ phase: Phase) throws -> SQLiteStore {
        let store = try SQLiteStore(path: directory.path(name))
        try store.insert([item(phase: .held) { $0.dueAt = 1 << 50 }])
        try store.insert(
            (0..<count).map { number in
                item(phase: phase) { $0.finishedAt = phase.isFinal ? Int64(number) : nil }
            })
        return store
    }

    /// Steps of all statements that run on the writer's connection.
    private func steps(_ store: SQLiteStore, _ body: (SQLiteTransaction) throws -> Void) throws -> Int {
        try store.transaction { transaction in
            _ = vmSteps(transaction.db)
            try body(transaction)
            return vmSteps(transaction.db)
        }
    }

    /// However many tasks wait behind a closed gate and a limit that is reached.
    @Test func aTurnTakesTheSameStepsHoweverManyWaitAtAGate() throws {
        let directory = try ScratchDirectory()
        let now = Now(wall: 1_800_000_000_000, monotonic: 1_000)
        let requester = Requester(uid: 1000, isAdministrator: true)
        let limit = ConcurrencyLimit(name: "none", maximum: 0, matcher: TaskMatcher(label: "none"))
        var costs: [[String: Int]] = []
        for count in [Self.few, Self.many] {
            let store = try SQLiteStore(path: directory.path("\(count).db"))
            try store.insert(
                (0..<count).map { number in
                    TaskItem(
                        definition: TaskDefinition(
                            work: .prompt("p"), options: labelled(number % 2 == 0 ? ["none": ""] : nil), submitter: 1000,
                            submittedAt: 1),
                        pool: "default", phase: .ready)
                })
            try store.transaction { try $0.save(Gate(name: "agent:llm/", until: now.wall + 1, reason: "r", since: 0)) }
            var scheduler = SchedulerState()
            var inputs: [Input] = [
                .ruled(Rules(limits: [limit])), .configured([PoolSettings(name: "default", slots: 1, agent: "llm")]),
            ]
            while !inputs.isEmpty {
                let turn = try store.transaction { try scheduler.turn(inputs, in: $0, now: now) }
                inputs = turn.effects.compactMap { if case .again(let input) = $0 { input } else { nil } }
            }
            #expect(store.counts.lanes(in: "default") == ["agent:llm/": count / 2, "agent:llm/ limit:none": count / 2])
            func turn(_ input: Input, at wall: Int64 = now.wall) throws -> Int {
                try steps(store) { _ = try scheduler.turn([input], in: $0, now: Now(wall: wall, monotonic: 1_000)) }
            }
            var cost: [String: Int] = [:]
            cost["connect"] = try turn(.connected(Inventory(store: 1, heardUpTo: 0)))
            let spec = TaskSpec(command: ["true"])
            cost["submit"] = try turn(.command(.submit(.one(spec)), by: requester, reply: ReplyToken(1)))
            cost["end"] = try turn(
                .ended(
                    AttemptEnd(attempt: 1, start: nil, ending: .exited(0), endedAt: now.wall, endedMonotonic: now.monotonic)))
            cost["open"] = try turn(.disconnected, at: now.wall + 2)
            costs.append(cost)
        }
        for (what, few) in costs[0] {
            let many = try #require(costs[1][what])
            #expect(many <= few + few / 5 + 20, "\(what): \(few) steps among \(Self.few), \(many) among \(Self.many)")
            #expect(few > 0, "\(what) ran no statement")
        }
    }

    private func reads(_ store: SQLiteStore, _ states: [StateFilter], limit: Int) throws -> Int {
        var query = ListParameters()
        query.states = states
        let (sql, arguments) = store.pageStatement(query, limit: limit, waits: WaitPlaces(pools: [:]))
        return try store.read { db in
            _ = vmSteps(db)
            _ = try db.rows(sql, arguments, TaskColumns.read)
            return vmSteps(db)
        }
    }

    @Test(arguments: [Phase.ready, .succeeded]) func aTurnTakesTheSameStepsHoweverManyThereAre(phase: Phase) throws {
        let directory = try ScratchDirectory()
        let now = Now(wall: 1_800_000_000_000, monotonic: 1_000)
        let requester = Requester(uid: 1000, isAdministrator: true)
        var costs: [[String: Int]] = []
        for count in [Self.few, Self.many] {
            let store = try store(directory, "\(count).db", count: count, phase)
            var scheduler = SchedulerState()
            func turn(_ input: Input) throws -> Int {
                try steps(store) { _ = try scheduler.turn([input], in: $0, now: now) }
            }
            _ = try turn(.configured([PoolSettings(name: "default", slots: 1)]))
            var cost: [String: Int] = [:]
            let spec = TaskSpec(command: ["true"])
            cost["submit"] = try turn(.command(.submit(.one(spec)), by: requester, reply: ReplyToken(1)))
            cost["claim"] = try turn(.connected(Inventory(store: 1, heardUpTo: 0)))
            let start = StartReport(attempt: 1, pid: 1, slot: 1, startedAt: now.wall, startedMonotonic: now.monotonic)
            cost["start"] = try turn(.started(start))
            let end = AttemptEnd(
                attempt: 1, start: start, ending: .exited(0), endedAt: now.wall, endedMonotonic: now.monotonic)
            cost["end"] = try turn(.ended(end))
            cost["clock"] = try turn(.clockStepped(by: 5_000))
            cost["retire"] = try turn(.retire(before: 0, keep: 1 << 40))
            cost["cancel"] = try steps(store) { _ = try $0.unfinished(in: nil, after: 0, limit: 1) }
            cost["list queued"] = try reads(store, [.queued], limit: 1)
            cost["list running"] = try reads(store, [.running], limit: 1)
            cost["list unfinished"] = try reads(store, [.queued, .running], limit: 1)
            cost["list failed"] = try reads(store, [.failed], limit: 1)
            costs.append(cost)
        }
        for (what, few) in costs[0] {
            let many = try #require(costs[1][what])
            #expect(many <= few + few / 5 + 20, "\(what): \(few) steps among \(Self.few), \(many) among \(Self.many)")
            #expect(few > 0, "\(what) ran no statement")
        }
    }

    @Test func bulkWorkIsDoneInStepsOfOneSize() throws {
        let directory = try ScratchDirectory()
        let store = try store(directory, "queue.db", count: Self.many, .succeeded)
        let ids = try store.insert((0..<300).map { _ in item() })
        // The few that are unfinished stand behind thousands that are not.
        var found: [Int64] = []
        let cancel = try steps(store) { transaction in
            found = try transaction.unfinished(in: "default", after: 1, limit: 300).map(\.id)
        }
        var (old, surplus) = (0, 0)
        let retire = try steps(store) { transaction in
            old = try transaction.retired(before: 100, keep: 1 << 40, limit: 200).count
            surplus = try transaction.retired(before: 0, keep: Self.many - 50, limit: 200).count
        }
        #expect(found == ids && old == 100 && surplus == 50)
        #expect(cancel < 300 * 60 && retire < 150 * 120, "cancel \(cancel), retire \(retire)")
    }
}
