import OrchProtocol
import Storage
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling

/// What becomes of the children of a task that ends, and what their keys find when it is tried again.
@Suite struct TreeEndTests {
    private func spec(_ pool: String = "work", _ fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
        .command("true") {
            $0.pool = pool
            fill(&$0)
        }
    }

    private func rig(slots: Int = 8) throws -> Rig {
        var pools = TreeTests.pools(SpawnRules(pools: ["work"], children: 100_000, detach: true))
        pools[0].spawn?.detach = true
        pools[1].spawn?.children = 100_000
        pools[1].slots = slots
        return try Rig(pools: pools)
    }

    private func lead(_ rig: Rig) throws -> RunningTask {
        try rig.running(spec("lead") { ($0.retries, $0.retryDelay) = (1, 0) })
    }

    /// How a parent ends, and whether that is for good.
    private static let ends: [(name: String, status: AttemptEnd.Ending, retries: Int, isFinal: Bool)] = [
        ("succeeds", .exited(0), 1, true), ("fails", .exited(1), 0, true), ("is tried again", .exited(1), 1, false),
        ("is lost", .lost("gone"), 1, false),
    ]

    @Test(arguments: ends.indices) func anEndReachesThoseThatNobodyWaitsForAnyMore(_ index: Int) throws {
        let end = Self.ends[index]
        let rig = try rig()
        let lead = try rig.running(spec("lead") { ($0.retries, $0.retryDelay) = (end.retries, 1_000) })
        let waiting = try rig.submit(spec { $0.hold = true }, by: lead.door)
        let running = try rig.begin(rig.submit(spec(), by: lead.door))
        let below = try rig.submit(spec { $0.hold = true }, by: running.door)
        let keyed = try rig.submit(spec { ($0.hold, $0.key) = (true, "k") }, by: lead.door)
        let generated = try rig.submit(spec { ($0.hold, $0.key) = (true, GeneratedKey.make("x-")) }, by: lead.door)
        let detached = try rig.submit(spec { ($0.hold, $0.detach) = (true, true) }, by: lead.door)
        let turn = try rig.end(lead.attempt, end.status)
        #expect(turn.stopped == [running.attempt], "\(end.name)")
        #expect(
            try rig.phases([waiting, below, keyed, generated, detached])
                == [.cancelled, .cancelled, end.isFinal ? .cancelled : .held, .cancelled, .held], "\(end.name)")
        try rig.end(running.attempt, .signalled(15), stopped: true)
        #expect(try rig.task(running.id).phase == .cancelled)
        #expect(try rig.task(running.id).reason == "cancelled by the end of task \(lead.id), its parent")
        #expect(try rig.task(waiting).reason == "cancelled by the end of task \(lead.id), its parent")
    }

    /// Its children do not wait until a task has used up its time to end.
    @Test func aStopReachesTheWholeTreeAtOnce() throws {
        let rig = try rig()
        let lead = try lead(rig)
        let child = try rig.begin(rig.submit(spec { $0.key = "k" }, by: lead.door))
        let grandchild = try rig.begin(rig.submit(spec(), by: child.door))
        let input = rig.request(.cancel(CancelParameters(ids: [lead.id])), by: Rig.alice)
        #expect(try Set(rig.turn(input).stopped) == [lead.attempt, child.attempt, grandchild.attempt])
    }

    /// One that was being ended for another cause would be tried again.
    @Test func noChildIsTriedAgainWhoseParentHasEnded() throws {
        let rig = try rig()
        let lead = try lead(rig)
        let child = try rig.begin(
            rig.submit(spec { ($0.timeout, $0.retries, $0.key) = (1, 3, "k") }, by: lead.door))
        rig.advance(1_000)
        #expect(try rig.turn().stopped == [child.attempt])
        try rig.end(lead.attempt)
        try rig.end(child.attempt, .signalled(15), stopped: true)
        #expect(try rig.task(child.id).phase == .cancelled)
    }

    /// What is to be cancelled is in the store with the end: an engine that dies after the commit changes nothing. A large tree takes several
    /// turns, and others are served between them.
    @Test func anEngineThatDiesLeavesNoChildrenBehind() throws {
        let rig = try rig(slots: 1)
        let lead = try rig.running(spec("lead"))
        let many = SchedulerState.stride * 2 + 10
        let children = try rig.submit(many: Array(repeating: spec { $0.hold = true }, count: many), by: lead.door)
        try rig.end(lead.attempt)
        let left = try rig.counts(below: lead.id).unfinished
        #expect(left == many - SchedulerState.stride)
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: lead.attempt))
        var turns = 0
        while try rig.counts(below: lead.id).unfinished > 0, turns < 10 {
            try rig.turn()
            turns += 1
        }
        #expect(turns <= 2)
        #expect(try rig.phases(children).allSatisfy { $0 == .cancelled })
        #expect(try rig.turn().nextWall == nil)
    }

    // MARK: Hold and pause

    @Test func holdAndPauseReachTheWholeTree() throws {
        let rig = try rig()
        let lead = try rig.running(spec("lead"))
        let child = try rig.begin(rig.submit(spec(), by: lead.door))
        let waiting = try rig.submit(spec { $0.notBefore = Timestamp(milliseconds: rig.now.wall + 9) }, by: child.door)
        let detached = try rig.submit(
            spec { ($0.detach, $0.notBefore) = (true, Timestamp(milliseconds: rig.now.wall + 9)) }, by: lead.door)
        try rig.ask(.hold([lead.id]), by: Rig.alice)
        #expect(try rig.phases([waiting, detached]) == [.held, .delayed])
        try rig.ask(.release([lead.id]), by: Rig.alice)
        #expect(try rig.phases([waiting]) == [.delayed])
        let pause = rig.request(.pause([lead.id]), by: Rig.alice)
        #expect(try rig.turn(pause).frozen == [lead.attempt: true, child.attempt: true])
        #expect(try rig.phases([waiting, detached]) == [.held, .delayed])
        let resume = rig.request(.resume([lead.id]), by: Rig.alice)
        #expect(try rig.turn(resume).frozen == [lead.attempt: false, child.attempt: false])
        #expect(try rig.phases([waiting]) == [.delayed])
        // With nothing below it that waits, one that runs cannot be held, as ever.
        let alone = try rig.running(spec("lead"))
        #expect(try rig.refusal(.hold([alone.id])).kind == .invalidState)
    }

    /// What is ordered ahead of a slot is taken back first, as it is where it is named.
    @Test func holdTakesBackWhatIsOrderedBelow() throws {
        let rig = try rig()
        let lead = try rig.running(spec("lead"))
        let ordered = try rig.submit(spec(), by: lead.door)
        let attempt = try rig.live(of: ordered).id
        let hold = rig.request(.hold([lead.id]), by: Rig.alice)
        let turn = try rig.turn(hold)
        #expect(turn.revoked == [attempt] && turn.reply(to: hold) == nil)
        let answer = try #require(try rig.turn(.revoked(attempt: attempt, accepted: true)).reply(to: hold))
        #expect(answer == .changed(TasksChanged(tasks: [.init(id: ordered, state: .queued)])))
        #expect(try rig.task(ordered).phase == .held)
    }

    // MARK: Keys

    /// | in the table of `Turn.known` |
    @Test(arguments: [false, true], [0, 1, 2, 3]) func aKeyFinds(inAnEarlierAttempt isEarlier: Bool, _ state: Int) throws {
        let rig = try rig()
        var lead = try lead(rig)
        let keyed = spec { ($0.key, $0.hold) = ("k", state == 0) }
        let id = try rig.submit(keyed, by: lead.door)
        switch state {
        case 0: break
        case 1: try rig.start(rig.live(of: id).id)
        case 2: try rig.end(rig.live(of: id).id)
        default: try rig.end(rig.live(of: id).id, .exited(1))
        }
        if isEarlier {
            try rig.end(lead.attempt, .exited(1))
            rig.advance(10)
            lead = try rig.begin(lead.id)
        }
        let again = try rig.submit(keyed, by: lead.door)
        #expect((again != id) == (isEarlier && state == 3))
        #expect(try rig.submit(keyed, by: lead.door) == again)
        // What has been asked for again is this attempt's: the next one finds it like any other.
        if state < 2 { #expect(try rig.task(again).ancestry.attempt == lead.door.attempt) }
        if again != id { #expect(try rig.task(id).definition.options.key == nil) }
    }

    @Test func aChildThatFailsForTheAttemptThatAskedForItStaysSo() throws {
        let rig = try rig()
        var lead = try lead(rig)
        let keyed = spec { $0.key = "k" }
        let child = try rig.submit(keyed, by: lead.door)
        let attempt = try rig.live(of: child)
        try rig.end(lead.attempt, .exited(1))
        rig.advance(10)
        lead = try rig.begin(lead.id)
        #expect(try rig.submit(keyed, by: lead.door) == child)
        try rig.end(attempt.id, .exited(1))
        #expect(try rig.submit(keyed, by: lead.door) == child)
    }

    @Test func aFreshRetryForgetsSteps() throws {
        let rig = try rig()
        let first = try rig.running(spec("lead"))
        let keyed = spec { $0.key = "k" }
        let child = try rig.submit(keyed, by: first.door)
        try rig.end(rig.live(of: child).id)
        func retry(fresh: Bool) throws -> RunningTask {
            try rig.end(rig.live(of: first.id).id, .exited(1))
            try rig.ask(Command(Call(.retry, RetryParameters(ids: [first.id], fresh: fresh))))
            return try rig.begin(first.id)
        }
        #expect(try rig.submit(keyed, by: retry(fresh: false).door) == child)
        let fresh = try retry(fresh: true)
        let other = try rig.submit(keyed, by: fresh.door)
        #expect(other != child)
        #expect(try rig.submit(keyed, by: fresh.door) == other)
    }

    /// Whatever of a step is given otherwise is refused, and what is not given is not looked at.
    @Test func aStepIsTheSameInAllThatIsGiven() throws {
        let rig = try rig()
        let lead = try lead(rig)
        func step(_ fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
            spec {
                ($0.key, $0.step, $0.hold) = ("s", true, true)
                fill(&$0)
            }
        }
        let first = try rig.submit(
            step { ($0.model, $0.labels, $0.timeout, $0.stdin, $0.env) = ("m", ["a": "b"], 5, "in", ["A": "1"]) }, by: lead.door
        )
        #expect(try rig.submit(step { $0.stdin = "in" }, by: lead.door) == first)
        let others: [(String, (inout TaskSpec) -> Void)] = [
            ("command", { $0.command = ["false"] }), ("standard input", { $0.stdin = "out" }), ("model", { $0.model = "n" }),
            ("thinking", { $0.thinking = .high }), ("labels", { $0.labels = ["a": "c"] }), ("timeout", { $0.timeout = 6 }),
            ("environment", { $0.env = ["A": "2"] }), ("directory", { $0.cwd = "/" }), ("priority", { $0.priority = -1 }),
            ("needs", { $0.needs = ["gpu"] }), ("number of retries", { $0.retries = 7 }), ("name", { $0.name = "n" }),
            ("schema of its result", { $0.resultSchema = .bool(true) }), ("\"detach\"", { $0.detach = true }),
            ("scope", { $0.scope = TaskScope(children: 1) }),
        ]
        for (name, change) in others {
            let error = try rig.refusal(
                .submit(
                    .one(
                        step {
                            $0.stdin = "in"
                            change(&$0)
                        })), by: lead.door)
            #expect(error.data?.field == "step", "\(name): \(error)")
            #expect(error.message.contains("task \(first), which had another \(name);"), "\(name): \(error)")
        }
        #expect(try rig.refusal(.submit(.one(spec { $0.step = true })), by: lead.door).message == "\"step\" needs a \"key\"")
        let twice = [spec { ($0.key, $0.step) = ("t", true) }, spec { ($0.key, $0.step, $0.name) = ("t", true, "n") }]
        #expect(try rig.refusal(.submit(.many(twice)), by: lead.door).data?.field == "[1].step")
        // Also where only the second one is a step: nothing of the request is done.
        let mixed = [spec { $0.key = "u" }, spec { ($0.key, $0.step, $0.name) = ("u", true, "n") }]
        #expect(try rig.refusal(.submit(.many(mixed)), by: lead.door).data?.field == "[1].step")
        #expect(try rig.counts(below: lead.id).made == 1)
        let same = try rig.submit(many: [spec { $0.key = "v" }, spec { ($0.key, $0.step) = ("v", true) }], by: lead.door)
        #expect(same[0] == same[1])
    }

    // MARK: Retries and retention

    @Test func aChildThatIsTriedAgainAloneIsDetached() throws {
        let rig = try rig()
        let lead = try rig.running(spec("lead"))
        let child = try rig.submit(spec { $0.hold = true }, by: lead.door)
        let other = try rig.submit(spec(), by: lead.door)
        try rig.end(rig.live(of: other).id, .exited(1))
        try rig.ask(.retry([other]))
        #expect(try !rig.task(other).ancestry.isDetached)
        try rig.end(lead.attempt)
        try rig.end(rig.live(of: other).id, .signalled(15), stopped: true)
        try rig.ask(.retry([child]))
        #expect(try rig.task(child).ancestry.isDetached)
        try rig.turn()
        #expect(try rig.task(child).phase == .active)
    }

    @Test func aTreeIsForgottenAsAWhole() throws {
        let rig = try rig()
        let lead = try rig.running(spec("lead"))
        let child = try rig.begin(rig.submit(spec(), by: lead.door))
        let below = try rig.submit(spec(), by: child.door)
        let alone = try rig.submit(spec("other"))
        for id in [below, child.id, alone] { try rig.end(rig.live(of: id).id) }
        rig.advance(1_000)
        #expect(try rig.turn(.retire(before: rig.now.wall, keep: 0)).discarded == [alone])
        // A part of the tree that goes on keeps it, too.
        let detached = try rig.submit(spec { $0.detach = true }, by: lead.door)
        try rig.end(lead.attempt)
        rig.advance(1_000)
        #expect(try rig.turn(.retire(before: rig.now.wall, keep: 0)).discarded.isEmpty)
        try rig.end(rig.live(of: detached).id)
        let ended = rig.now.wall
        #expect(try rig.turn(.retire(before: ended, keep: 100)).discarded.isEmpty)
        #expect(try rig.turn(.retire(before: ended + 1, keep: 100)).discarded == [detached, below, child.id, lead.id])
        #expect(try !rig.exists(lead.id) && rig.counts(below: lead.id) == TreeCounts())
    }

    @Test func whatMayNotBeForgottenCostsNobodyElse() throws {
        let rig = try rig()
        let lead = try rig.running(spec("lead"))
        let children = try rig.submit(many: [spec(), spec(), spec()], by: lead.door)
        for id in children { try rig.end(rig.live(of: id).id) }
        let alone = try rig.submit(spec("other"))
        try rig.end(rig.live(of: alone).id)
        #expect(try rig.turn(.retire(before: 0, keep: 1)).discarded.isEmpty)
        #expect(try rig.turn(.retire(before: 0, keep: 0)).discarded == [alone])
    }

    // MARK: Sums

    @Test func aTreeSpendsItsBudgetTogether() throws {
        var pools = TreeTests.pools()
        for index in pools.indices { pools[index].agent = "echo" }
        let budget = Budget(name: "tree", amount: .cost(100), period: .tree, isHard: true)
        let rig = try Rig(pools: pools, rules: Rules(agents: ["echo": AgentSettings()], budgets: [budget]))
        func prompt(_ pool: String, _ fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
            .prompt("p") {
                $0.pool = pool
                fill(&$0)
            }
        }
        let lead = try rig.running(prompt("lead"))
        let other = try rig.running(prompt("lead"))
        let held = try rig.submit(prompt("work") { $0.hold = true }, by: lead.door)
        let child = try rig.begin(rig.submit(prompt("work"), by: lead.door))
        let next = try rig.begin(rig.submit(prompt("work"), by: lead.door))
        var end = rig.ending(child.attempt)
        end.usage = Usage(tokensIn: 5, cost: 100)
        let turn = try rig.turn(.ended(end))
        #expect(Set(turn.stopped) == [lead.attempt, next.attempt])
        #expect(try rig.counts(below: lead.id).spending == Spending(cost: 100, tokens: 5))
        try rig.ask(.release([held]))
        #expect(try rig.task(held).lane.contains("spent:tree"))
        #expect(try rig.live(of: other.id).stopping == nil)
        _ = try rig.begin(rig.submit(prompt("work"), by: other.door))
    }

    @Test func aScopeSpendsItsCostTogether() throws {
        var pools = TreeTests.pools()
        for index in pools.indices { pools[index].agent = "echo" }
        pools[1].slots = 1
        let rig = try Rig(pools: pools, rules: Rules(agents: ["echo": AgentSettings()]))
        let lead = try rig.running(
            .prompt("p") { ($0.pool, $0.scope) = ("lead", TaskScope(cost: 50)) })
        let children = try rig.submit(
            many: Array(repeating: .prompt("p") { $0.pool = "work" }, count: 2), by: lead.door)
        let first = try rig.begin(children[0])
        var end = rig.ending(first.attempt)
        end.usage = Usage(cost: 50)
        #expect(try rig.turn(.ended(end)).launches.isEmpty)
        #expect(try rig.task(children[1]).reason?.contains("of the 0.00005 USD that its scope") ?? false)
    }
}
