import OrchProtocol
import Storage
import TestSupport
import Testing

@testable import Scheduling

/// What a task submits through its door.
@Suite struct TreeTests {
    /// A pool whose tasks may start others in `work`, one whose tasks may start nothing, and one for nobody's children.
    static func pools(_ spawn: SpawnRules = SpawnRules(pools: ["work"])) -> [PoolSettings] {
        var lead = PoolSettings(name: "lead", slots: 4)
        lead.spawn = spawn
        var work = PoolSettings(name: "work", slots: 4)
        work.spawn = SpawnRules(pools: ["work"], depth: 3, children: 10)
        return [lead, work, PoolSettings(name: "other", slots: 4), PoolSettings(name: "default", slots: 4)]
    }

    private func spec(_ pool: String = "work", _ fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
        .command("true") {
            $0.pool = pool
            fill(&$0)
        }
    }

    // MARK: Whose child

    @Test func aChildIsOfItsParentsSubmitterAndTree() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec("lead") { $0.priority = 3 })
        let child = try rig.submit(spec(), by: lead.door)
        let task = try rig.task(child)
        #expect(task.definition.submitter == Rig.alice.uid)
        #expect(task.ancestry.parent == lead.id && task.root == lead.id && task.ancestry.depth == 1)
        #expect(task.ancestry.attempt == 1 && !task.ancestry.isDetached)
        #expect(task.priority == 3)
        let inner = try rig.begin(child)
        let grandchild = try rig.task(try rig.submit(spec(), by: inner.door))
        #expect(grandchild.ancestry.parent == child && grandchild.root == lead.id && grandchild.ancestry.depth == 2)
        let record = try rig.record(grandchild.id)
        #expect(record.parent == child && record.root == lead.id && record.depth == 2)
        #expect(try rig.record(lead.id).parent == nil && rig.record(lead.id).depth == nil)
    }

    @Test func aChildOfABridgesTaskKeepsItsSubject() throws {
        let rig = try Rig(pools: Self.pools())
        let bridge = Requester(uid: 995, isAdministrator: false, isBridge: true)
        let lead = try rig.running(spec("lead") { $0.subject = "ann" }, by: bridge)
        let child = try rig.task(try rig.submit(spec(), by: lead.door))
        #expect(child.definition.owner == .subject(bridge: 995, name: "ann"))
        let error = try rig.refusal(.submit(.one(spec { $0.subject = "ben" })), by: lead.door)
        #expect(error.kind == .forbidden && error.data?.field == "subject")
    }

    @Test func aChildMattersNoMoreThanItsParent() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec("lead") { $0.priority = -2 })
        #expect(try rig.task(try rig.submit(spec(), by: lead.door)).priority == -2)
        #expect(try rig.task(try rig.submit(spec { $0.priority = -7 }, by: lead.door)).priority == -7)
        let error = try rig.refusal(.submit(.one(spec { $0.priority = -1 })), by: lead.door)
        #expect(error.message == "\"priority\" must be at most -2, as task \(lead.id) has, which submits it, not -1")
    }

    @Test func nobodySpeaksForAnAttemptThatIsOver() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec("lead") { ($0.retries, $0.retryDelay) = (1, 0) })
        let first = lead.door
        try rig.ask(.cancel(CancelParameters(ids: [lead.id])), by: Rig.alice)
        #expect(try rig.refusal(.submit(.one(spec())), by: first).message.contains("is being stopped"))
        try rig.end(lead.attempt, .signalled(15), stopped: true)
        #expect(try rig.refusal(.submit(.one(spec())), by: first).kind == .invalidState)
        let other = try rig.running(spec("lead") { ($0.retries, $0.retryDelay) = (1, 0) })
        try rig.end(other.attempt, .exited(1))
        rig.advance(10)
        let again = try rig.begin(other.id)
        #expect(again.door.attempt == 2)
        #expect(try rig.refusal(.submit(.one(spec())), by: other.door).message.contains("attempt 1 of task \(other.id)"))
        try rig.submit(spec(), by: again.door)
    }

    // MARK: Rights

    /// Every way in which a child's pool comes about.
    private static let ways: [(name: String, pool: String?, rules: [RouteRule], change: @Sendable (inout TaskSpec) -> Void)] = [
        ("given", "other", [], { $0 = .command("true") { $0.pool = "other" } }),
        ("by default", "default", [], { $0 = .command("true") }),
        ("tag", "other", [], { $0 = .prompt("[pool:other] do it") { $0.pool = nil } }),
        ("rule", "other", [rule("other", program: false)], { $0 = .prompt("do it") }),
        ("program's default", "other", [rule("other", program: true)], { $0 = .prompt("do it") }),
        ("needs", nil, [], { $0 = .command("true") { $0.needs = ["gpu"] } }),
    ]

    private static func rule(_ pool: String, program: Bool) -> RouteRule {
        var choice = RouteRule.Choice()
        choice.pool = pool
        return RouteRule(
            name: "r", choice: choice, program: program ? .init(command: ["/bin/choose"], pool: "default") : nil)
    }

    @Test(arguments: ways.indices) func aPoolThatResultsIsOneThatIsAllowed(way index: Int) throws {
        let way = Self.ways[index]
        var pools = Self.pools()
        for index in pools.indices where pools[index].name != "lead" { pools[index].agent = "echo" }
        pools[2].capabilities = ["gpu"]
        let rig = try Rig(pools: pools, rules: Rules(agents: ["echo": AgentSettings()], routes: way.rules))
        let lead = try rig.running(spec("lead"))
        var given = spec()
        way.change(&given)
        let error = try rig.refusal(.submit(.one(given)), by: lead.door)
        #expect(error.kind == .forbidden && error.data?.field == "pool", "\(way.name): \(error)")
        #expect(error.message.contains("[spawn] of the pool \"lead\" lets task \(lead.id) start tasks only in \"work\""))
        // The same is nobody else's affair.
        if way.name != "given" { try rig.submit(given) }
    }

    @Test func needsChooseAmongThePoolsThatAreAllowed() throws {
        var pools = Self.pools()
        for index in [1, 2] { pools[index].capabilities = ["gpu"] }
        let rig = try Rig(pools: pools)
        let lead = try rig.running(spec("lead"))
        // By name, the pool "other" would come first.
        #expect(try rig.task(try rig.submit(.command("true") { $0.needs = ["gpu"] }, by: lead.door)).pool == "work")
        #expect(try rig.task(try rig.submit(.command("true") { $0.needs = ["gpu"] })).pool == "other")
    }

    @Test func aProgramChoosesAmongThePoolsThatAreAllowed() throws {
        var pools = Self.pools()
        for index in pools.indices where pools[index].name != "lead" { pools[index].agent = "echo" }
        let rig = try Rig(
            pools: pools, rules: Rules(agents: ["echo": AgentSettings()], routes: [Self.rule("work", program: true)]))
        let lead = try rig.running(spec("lead"))
        let child = try rig.submit(.prompt("do it"), by: lead.door)
        let asked = try rig.live(of: child)
        try rig.start(asked.id)
        var end = rig.ending(asked.id)
        end.answer = .fields([ExactText("pool"): .string("other"), ExactText("priority"): .integer(9)])
        try rig.turn(.ended(end))
        let task = try rig.task(child)
        #expect(task.pool == "work" && task.priority == 0)
        #expect(rig.events.last { $0.kind == .taskRouted }?.detail?.contains("may not be in the pool \"other\"") ?? false)
    }

    @Test func nobodyMovesAChildWhereItMayNotBe() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec("lead"))
        let child = try rig.submit(spec { $0.hold = true }, by: lead.door)
        var move = UpdateParameters(id: child)
        move.pool = "other"
        for person in [Rig.alice, Rig.admin] {
            #expect(try rig.refusal(.update(move), by: person).kind == .forbidden)
        }
        try rig.ask(.cancel(CancelParameters(ids: [child])))
        rig.pools[0].spawn = SpawnRules(pools: ["other"])
        try rig.reload()
        #expect(try rig.refusal(.retry([child])).kind == .forbidden)
        #expect(try rig.refusal(.submit(.one(spec())), by: lead.door).kind == .forbidden)
    }

    /// What is taken away by a reload is gone for those that wait, and comes back with the next.
    @Test func aReloadTakesRightsAway() throws {
        var pools = Self.pools()
        pools[1].slots = 0
        let rig = try Rig(pools: pools)
        let lead = try rig.running(spec("lead"))
        let child = try rig.submit(spec(), by: lead.door)
        let own = try rig.submit(spec())
        rig.pools[0].spawn = nil
        rig.pools[1].slots = 1
        let turn = try rig.turn(.ruled(rig.rules), .configured(rig.pools))
        #expect(turn.launchedTasks == [own])
        #expect(try rig.task(child).lane == GateName.rights)
        #expect(try rig.task(child).reason?.contains("the pool \"lead\" of task \(lead.id) has no [spawn]") ?? false)
        try rig.end(rig.live(of: own).id)
        #expect(try rig.task(child).phase == .ready)
        rig.pools = Self.pools()
        #expect(try rig.reload().launchedTasks == [child])
        #expect(try rig.task(child).reason == nil)
    }

    @Test func aScopeOnlyNarrows() throws {
        let rig = try Rig(pools: Self.pools(SpawnRules(pools: ["work", "other"], children: 4)))
        let lead = try rig.running(
            spec("lead") { $0.scope = TaskScope(pools: ["work", "default"], children: 2) })
        #expect(try rig.refusal(.submit(.one(spec("default"))), by: lead.door).message.contains("[spawn] of the pool \"lead\""))
        #expect(try rig.refusal(.submit(.one(spec("other"))), by: lead.door).message.contains("the scope of task \(lead.id)"))
        let child = try rig.submit(spec { $0.scope = TaskScope(pools: ["work", "other"]) }, by: lead.door)
        let inner = try rig.begin(child)
        // What its own scope names, its parent's does not.
        #expect(try rig.refusal(.submit(.one(spec("other"))), by: inner.door).kind == .forbidden)
        try rig.submit(spec(), by: inner.door)
        let error = try rig.refusal(.submit(.one(spec())), by: inner.door)
        #expect(error.message.contains("\"children\" of its scope is 2"), "\(error)")
        let useless = try rig.refusal(.submit(.one(spec("other") { $0.scope = TaskScope(children: 1) })))
        #expect(useless.data?.field == "scope" && useless.message.contains("a scope has no effect"))
    }

    @Test func aSubmittersPoolIsForChildrenOfOneLikeIt() throws {
        var pools = Self.pools(SpawnRules(pools: ["work", "other"]))
        pools[2].runsAsSubmitter = true
        let rig = try Rig(pools: pools)
        let lead = try rig.running(spec("lead"))
        #expect(
            try rig.refusal(.submit(.one(spec("other"))), by: lead.door).message.contains("runs each task as its submitter"))
        rig.pools[0].runsAsSubmitter = true
        try rig.reload()
        try rig.submit(spec("other"), by: lead.door)
    }

    @Test func groupsAndAdministratorsStayOutside() throws {
        var pools = Self.pools()
        pools[1].access = PoolAccess(names: ["@devs"], users: [], groups: [7])
        let rig = try Rig(pools: pools)
        let lead = try rig.running(spec("lead"), by: Requester(uid: 0, isAdministrator: true, groups: [7]))
        #expect(try rig.refusal(.submit(.one(spec())), by: lead.door).kind == .forbidden)
        let foreign = try rig.submit(spec("default") { $0.hold = true })
        for call in [Call(.cancel, CancelParameters(ids: [foreign])), Call(.cancel, CancelParameters(ids: [lead.id]))] {
            #expect(try rig.refusal(Command(call), by: lead.door).kind == .notFound)
        }
        #expect(try rig.refusal(.hold([foreign]), by: lead.door).kind == .forbidden)
        #expect(try rig.refusal(.pausePool("work"), by: lead.door).kind == .forbidden)
    }

    // MARK: Limits

    @Test func depthAndChildrenAreCountedPerTree() throws {
        let rig = try Rig(pools: Self.pools(SpawnRules(pools: ["work"], depth: 2, children: 3)))
        let lead = try rig.running(spec("lead"))
        let child = try rig.begin(rig.submit(spec(), by: lead.door))
        let grandchild = try rig.begin(rig.submit(spec(), by: child.door))
        let deep = try rig.refusal(.submit(.one(spec())), by: grandchild.door)
        #expect(deep.kind == .forbidden && deep.message.contains("depth = 2 in [spawn] of the pool \"lead\""), "\(deep)")
        // All or none of a batch.
        let many = try rig.refusal(.submit(.many([spec(), spec()])), by: child.door)
        #expect(many.message.contains("task \(lead.id) and those below it have started 2 tasks"), "\(many)")
        #expect(many.message.contains("children = 3 in [spawn] of the pool \"lead\""))
        let last = try rig.submit(spec { $0.key = "k" }, by: lead.door)
        #expect(try rig.refusal(.submit(.one(spec())), by: lead.door).kind == .forbidden)
        // What is there is answered, and makes none more.
        #expect(try rig.submit(spec { $0.key = "k" }, by: lead.door) == last)
        #expect(try rig.counts(below: lead.id) == TreeCounts(made: 3, unfinished: 3))
        #expect(try rig.counts(below: child.id) == TreeCounts(made: 1, unfinished: 1))
        // What has ended was made all the same.
        try rig.end(grandchild.attempt)
        #expect(try rig.counts(below: lead.id) == TreeCounts(made: 3, unfinished: 2))
        #expect(try rig.counts(below: child.id) == TreeCounts(made: 1, unfinished: 0))
        #expect(try rig.refusal(.submit(.one(spec())), by: lead.door).kind == .forbidden)
    }

    @Test func keysAreTheParents() throws {
        let rig = try Rig(pools: Self.pools())
        let one = try rig.running(spec("lead"))
        let two = try rig.running(spec("lead"))
        let own = try rig.submit(spec { $0.key = "k" })
        let first = try rig.submit(spec { $0.key = "k" }, by: one.door)
        let second = try rig.submit(spec { $0.key = "k" }, by: two.door)
        #expect(Set([own, first, second]).count == 3)
        #expect(try rig.submit(spec { $0.key = "k" }, by: one.door) == first)
        #expect(try rig.submit(spec { $0.key = "k" }) == own)
    }

    @Test func onlyAChildCanBeDetached() throws {
        let rig = try Rig(pools: Self.pools())
        #expect(try rig.refusal(.submit(.one(spec { $0.detach = true }))).data?.field == "detach")
        let lead = try rig.running(spec("lead"))
        let error = try rig.refusal(.submit(.one(spec { $0.detach = true })), by: lead.door)
        #expect(error.kind == .forbidden && error.message.contains("detach = true is not set in [spawn] of the pool \"lead\""))
        rig.pools[0].spawn?.detach = true
        try rig.reload()
        let child = try rig.submit(spec { $0.detach = true }, by: lead.door)
        #expect(try rig.task(child).ancestry.isDetached && rig.record(child).detached == true)
        // What its parent's pool allows, the pool above does not take back; what that does not allow, no other gives.
        let inner = try rig.begin(child)
        #expect(try rig.refusal(.submit(.one(spec { $0.detach = true })), by: inner.door).kind == .forbidden)
    }
}

/// A task that runs, and speaks through its door.
struct RunningTask {
    let id: Int64
    let attempt: Int64
    let door: Requester
}

extension Rig {
    func running(_ spec: TaskSpec, by requester: Requester = Rig.alice) throws -> RunningTask {
        try begin(try submit(spec, by: requester))
    }

    /// Starts a task that is ordered.
    @discardableResult
    func begin(_ id: Int64) throws -> RunningTask {
        let attempt = try live(of: id)
        try start(attempt.id)
        return RunningTask(
            id: id, attempt: attempt.id, door: .task(id, attempt: attempt.number, uid: 990))
    }

    func counts(below id: Int64) throws -> TreeCounts { try store.transaction { try $0.counts(below: id) } }
}
