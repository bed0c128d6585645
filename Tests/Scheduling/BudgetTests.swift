import OrchProtocol
import Testing

@testable import Scheduling

/// A budget that is spent keeps the prompts it is for from starting, and nothing else.
@Suite struct BudgetTests {
    static let day: Int64 = 86_400_000
    static let pools = [PoolSettings(name: "default", slots: 4, agent: "claude")]
    static let gate = "budget:daily"

    private func rig(
        _ amount: Budget.Amount = .cost(10_000_000), per period: Budget.Period = .day, label: String? = nil
    ) throws -> Rig {
        let budget = Budget(name: "daily", amount: amount, period: period, matcher: TaskMatcher(label: label))
        let rig = try Rig(pools: Self.pools, rules: Rules(agents: ["claude": AgentSettings()], budgets: [budget]))
        rig.now.midnight = rig.now.wall + 3_600_000
        return rig
    }

    /// Runs a prompt that tells what it used.
    private func spend(_ usage: Usage, in rig: Rig, with fill: (inout TaskSpec) -> Void = { _ in }) throws {
        let id = try rig.submit(.prompt("p", with: fill))
        var end = rig.ending(try rig.live(of: id).id)
        end.usage = usage
        try rig.turn(.ended(end))
    }

    @Test func itStopsPromptsWhenItIsSpentAndOnlyThem() throws {
        let rig = try rig()
        try spend(Usage(cost: 9_990_000), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(cost: 10_000), in: rig)
        #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 10.00 of 10.00 USD")
        let held = try rig.submit(.prompt("p"))
        let command = try rig.submit(.command("true"))
        #expect(try rig.phases([held, command]) == [.ready, .running])
        #expect(try rig.task(command).lane.isEmpty)
    }

    @Test func theNextDayBeginsAtMidnightWithNothingSpent() throws {
        let rig = try rig()
        try spend(Usage(cost: 10_000_000), in: rig)
        let held = try rig.submit(.prompt("p"))
        #expect(rig.gates[Self.gate]?.until == rig.now.midnight)
        #expect(try rig.turn().nextWall == rig.now.midnight)
        rig.advance(3_600_000)
        rig.now.midnight += Self.day
        #expect(try rig.turn().launchedTasks == [held])
        try spend(Usage(cost: 9_999_999), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(cost: 1), in: rig)
        #expect(rig.gates[Self.gate]?.until == rig.now.midnight)
    }

    @Test func aTotalLastsUntilTheConfigurationGivesMore() throws {
        let rig = try rig(.tokens(100), per: .total)
        try spend(Usage(tokensIn: 60, tokensOut: 40), in: rig)
        #expect(rig.gates[Self.gate]?.until == Gate.never)
        #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 100 of 100 tokens")
        let held = try rig.submit(.prompt("p"))
        rig.advance(400 * Self.day)
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 0))
        #expect(try rig.task(held).phase == .ready)
        rig.rules.budgets[0].amount = .tokens(90)
        try rig.reload()
        #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 100 of 90 tokens")
        rig.rules.budgets[0].amount = .tokens(101)
        try rig.reload()
        #expect(try rig.task(held).phase == .running && rig.gates.isEmpty)
    }

    @Test func aBudgetThatIsTakenAwayHoldsNothingBack() throws {
        let rig = try rig()
        try spend(Usage(cost: 10_000_000), in: rig)
        let held = try rig.submit(.prompt("p"))
        rig.rules.budgets = []
        try rig.reload()
        #expect(try rig.task(held).phase == .running && rig.gates.isEmpty)
    }

    @Test func itIsOnlyForWhatMatches() throws {
        let rig = try rig(label: "team=core")
        try spend(Usage(cost: 10_000_000), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(cost: 10_000_000), in: rig) { $0.labels = ["team": "core"] }
        let ids = try rig.submit(many: [.prompt("p"), .prompt("p") { $0.labels = ["team": "core"] }])
        #expect(try rig.phases(ids) == [.running, .ready])
    }

    @Test func sumsNeitherOverflowNorGoDown() throws {
        let rig = try rig()
        try spend(Usage(tokensIn: .max, tokensOut: .max, cost: 9_999_999), in: rig)
        try spend(Usage(tokensIn: .min, cost: -5), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(tokensIn: 1, cost: .max), in: rig)
        #expect(rig.gates[Self.gate] != nil)
    }
}
