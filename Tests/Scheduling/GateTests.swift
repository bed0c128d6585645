import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// An agent that is limited stops the tasks that use its allowance, and nothing else.
@Suite struct GateTests {
    static let pools = [
        PoolSettings(name: "default", slots: 2, agent: "claude"), PoolSettings(name: "other", slots: 2, agent: "llm"),
    ]
    static let rules = Rules(agents: ["claude": AgentSettings(model: "anthropic/opus"), "llm": AgentSettings()])
    static let gate = "agent:claude/anthropic"
    static let hour: Int64 = 3_600_000

    private func rig() throws -> Rig { try Rig(pools: Self.pools, rules: Self.rules) }

    @Test func tasksAreInTheLaneOfTheirAgentAndProvider() throws {
        let rig = try rig()
        let ids = try rig.submit(many: [
            .prompt("p"), .prompt("p") { $0.model = "openrouter/x" }, .prompt("p") { $0.pool = "other" }, .command("true"),
            .prompt("p") { $0.model = "a b/c" },
        ])
        #expect(
            try ids.map { try rig.task($0).lane } == [
                Self.gate, "agent:claude/openrouter", "agent:llm/", "", "agent:claude/a_b",
            ])
        #expect(rig.lanes("default") == ["agent:claude/a_b": 1] && rig.busyLanes.count == 3)
    }

    @Test func onlyTheLimitedAgentAndProviderWaits() throws {
        let rig = try rig()
        try rig.closeGate(Self.gate, until: rig.now.wall + Self.hour)
        let held = try rig.submit(.prompt("p"))
        let others = try rig.submit(many: [
            .prompt("p") { $0.model = "openrouter/x" }, .command("true"), .prompt("p") { $0.pool = "other" },
        ])
        #expect(try rig.task(held).phase == .ready)
        #expect(try rig.phases(others) == [.active, .active, .active])
        #expect(rig.events.filter { $0.kind == .gateClosed }.map(\.gate) == [Self.gate])
    }

    @Test func itOpensAtItsTimeAndTheOldestGoesFirst() throws {
        let rig = try rig()
        let until = rig.now.wall + Self.hour
        try rig.closeGate(Self.gate, until: until)
        let ids = try rig.submit(many: [.prompt("a"), .prompt("b"), .prompt("c")])
        #expect(try rig.turn().nextWall == until)
        rig.advance(Self.hour - 1)
        #expect(try rig.turn().launches.isEmpty)
        rig.advance(1)
        let turn = try rig.turn()
        #expect(turn.launchedTasks == Array(ids.prefix(2)))
        #expect(turn.events.contains { $0.kind == .gateOpened && $0.gate == Self.gate })
        #expect(rig.gates.isEmpty)
    }

    @Test func itOutlivesTheEngine() throws {
        let rig = try rig()
        try rig.closeGate(Self.gate, until: rig.now.wall + Self.hour, reason: "five hours")
        let id = try rig.submit(.prompt("p"))
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 0))
        #expect(try rig.task(id).phase == .ready)
        #expect(rig.gates[Self.gate]?.reason == "five hours" && rig.lanes("default") == [Self.gate: 1])
        rig.advance(Self.hour)
        #expect(try rig.turn().launchedTasks == [id])
    }

    @Test func withoutATimeTheWaitsGrowUntilATaskSucceeds() throws {
        let rig = try rig()
        var waits: [Int64] = []
        for _ in 0..<9 {
            let until = try rig.closeGate(Self.gate, until: nil)
            waits.append((until - rig.now.wall) / 60_000)
            rig.advance(until - rig.now.wall)
            try rig.turn()
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        let id = try rig.submit(.prompt("p"))
        try rig.end(rig.live(of: id).id)
        #expect(rig.gates.isEmpty)
        #expect(try rig.closeGate(Self.gate, until: nil) == rig.now.wall + 60_000)
    }

    @Test func severalThatRanAtOnceCountOnceAndTheLatestTimeStands() throws {
        let rig = try rig()
        let first = try rig.closeGate(Self.gate, until: nil)
        #expect(try rig.closeGate(Self.gate, until: nil) == first)
        #expect(rig.gates[Self.gate]?.attempts == 1)
        let later = rig.now.wall + Self.hour
        #expect(try rig.closeGate(Self.gate, until: later) == later)
        #expect(try rig.closeGate(Self.gate, until: later - 5) == later)
    }

    @Test func aPersonOpensItAtOnce() throws {
        let rig = try rig()
        try rig.closeGate(Self.gate, until: rig.now.wall + Self.hour)
        let id = try rig.submit(.prompt("p"))
        #expect(try rig.refusal(.resumeAgent("claude"), by: Rig.alice).kind == .forbidden)
        #expect(try rig.refusal(.resumeAgent("cluade")).message.contains("did you mean \"claude\""))
        #expect(try rig.ask(.resumeAgent("llm")) == .done("the agent \"llm\" was not limited"))
        #expect(try rig.task(id).phase == .ready)
        #expect(try rig.ask(.resumeAgent("claude")) == .done("the agent \"claude\" starts tasks again"))
        #expect(try rig.task(id).phase == .active && rig.gates.isEmpty)
    }

    @Test func whatWasReckonedMovesWithTheClockAndWhatWasToldDoesNot() throws {
        let rig = try rig()
        let reckoned = try rig.closeGate("agent:claude/a", until: nil)
        let told = try rig.closeGate("agent:claude/b", until: rig.now.wall + Self.hour)
        try rig.turn(.clockStepped(by: -5_000))
        #expect(rig.gates["agent:claude/a"]?.until == reckoned - 5_000 && rig.gates["agent:claude/b"]?.until == told)
    }

    @Test func whatHasBeenHandedOverAndNotStartedIsTakenBack() throws {
        let rig = try rig()
        let id = try rig.submit(.prompt("p"))
        let attempt = try rig.live(of: id).id
        var turn = TurnResult()
        try rig.closeGate(Self.gate, until: rig.now.wall + Self.hour)
        turn = try rig.turn(.revoked(attempt: attempt, accepted: true))
        #expect(try rig.task(id).phase == .ready && turn.launches.isEmpty)
        #expect(rig.lanes("default") == [Self.gate: 1] && rig.busyLanes.isEmpty)
    }

    /// What it met is the limit of the agent that it ran with, whatever its pool has by now.
    @Test(arguments: ["llm", nil]) func aLimitIsThatOfTheAgentThatRan(_ agent: String?) throws {
        let rig = try rig()
        let id = try rig.submit(.prompt("p"))
        let attempt = try rig.live(of: id)
        #expect(attempt.agent == "claude")
        try rig.start(attempt.id)
        rig.pools = [agent.map { PoolSettings(name: "default", slots: 1, agent: $0) }, Self.pools[1]].compactMap { $0 }
        try rig.reload()
        var end = rig.ending(attempt.id, .exited(1))
        let until = rig.now.wall + Self.hour
        end.failure = AgentFailure(.usageLimit, "used up", until: until, provider: "anthropic")
        let turn = try rig.turn(.ended(end))
        #expect(rig.gates.keys.sorted() == [Self.gate])
        #expect(try rig.attempt(attempt.id).outcome?.kind == .limited)
        // The other agent has met no limit; without a pool the task waits for one.
        #expect(turn.launchedTasks == (agent == nil ? [] : [id]))
        rig.pools = Self.pools
        #expect(try rig.reload().launchedTasks.isEmpty)
    }

    /// A task with gates to pass must not start after one has closed, so it is never run ahead; and nothing is run ahead of it.
    @Test func shortTasksAreNotRunAheadOfOneThatHasGates() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 1, agent: "claude")], rules: Self.rules)
        rig.cycle = 50
        for _ in 0..<20 {
            let id = try rig.submit(.command("true"))
            let live = try rig.live(of: id)
            rig.advance(1)
            try rig.end(live.id)
        }
        let ids = try rig.submit(many: [.command("a"), .command("b"), .prompt("p"), .command("c")])
        #expect(try rig.phases(ids) == [.active, .active, .ready, .ready])
        for id in ids.prefix(2) { try rig.end(rig.live(of: id).id) }
        #expect(try rig.phases(ids) == [.succeeded, .succeeded, .active, .active])
    }

    @Test func providersThatAreInventedShareALane() throws {
        let rig = try rig()
        try rig.ask(.pausePool("default"))
        try rig.submit(many: (0..<200).map { number in .prompt("p") { $0.model = "p\(number)/m" } })
        #expect(rig.lanes("default").count == 65 && rig.lanes("default")["agent:claude/"] == 136)
    }
}
