import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// A budget that is spent keeps the tasks it is for from starting, and nothing else.
@Suite struct BudgetTests {
    static let pools = [PoolSettings(name: "default", slots: 4, agent: "claude")]
    static let gate = "budget:daily"

    private func rig(
        _ amount: Budget.Amount = .cost(10_000_000), per period: Budget.Period = .day, isHard: Bool = false,
        label: String? = nil
    ) throws -> Rig {
        let budget = Budget(
            name: "daily", amount: amount, period: period, isHard: isHard, matcher: TaskMatcher(label: label))
        let rig = try Rig(pools: Self.pools, rules: Rules(agents: ["claude": AgentSettings()], budgets: [budget]))
        rig.now.day = Day(number: 20_000, end: rig.now.wall + 3_600_000)
        try rig.reload()
        return rig
    }

    /// Lets time pass until the next day has begun.
    private func sleep(_ rig: Rig) {
        rig.advance(rig.now.day.end - rig.now.wall)
        rig.now.day = Day(number: rig.now.day.number + 1, end: rig.now.wall + Day.length)
    }

    private func end(_ task: Int64, using usage: Usage, status: Int32 = 0, in rig: Rig) throws {
        var end = rig.ending(try rig.live(of: task).id, .exited(status))
        end.usage = usage
        try rig.turn(.ended(end))
    }

    /// Runs a prompt that tells what it used.
    private func spend(_ usage: Usage, in rig: Rig, with fill: (inout TaskSpec) -> Void = { _ in }) throws {
        try end(rig.submit(.prompt("p", with: fill)), using: usage, in: rig)
    }

    // MARK: What it keeps from starting

    @Test func itStopsPromptsWhenItIsSpentAndOnlyThem() throws {
        let rig = try rig()
        try spend(Usage(cost: 9_990_000), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(cost: 10_000), in: rig)
        #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 10.00 of 10.00 USD")
        let held = try rig.submit(.prompt("p"))
        let command = try rig.submit(.command("true"))
        #expect(try rig.phases([held, command]) == [.ready, .active])
        #expect(try rig.task(command).lane.isEmpty)
    }

    @Test func theNextDayBeginsAtMidnightWithNothingSpent() throws {
        let rig = try rig()
        try spend(Usage(cost: 10_000_000), in: rig)
        let held = try rig.submit(.prompt("p"))
        #expect(rig.gates[Self.gate]?.until == rig.now.day.end)
        #expect(try rig.turn().nextWall == rig.now.day.end)
        sleep(rig)
        #expect(try rig.turn().launchedTasks == [held])
        try spend(Usage(cost: 9_999_999), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(cost: 1), in: rig)
        #expect(rig.gates[Self.gate]?.until == rig.now.day.end)
    }

    @Test func oneOfNothingStartsNothingOnAnyDay() throws {
        let rig = try rig(.cost(0))
        try rig.submit(.prompt("p"))
        for _ in 0..<3 {
            #expect(try rig.turn().launches.isEmpty)
            #expect(rig.gates[Self.gate]?.until == rig.now.day.end)
            sleep(rig)
        }
    }

    @Test func aTotalLastsUntilTheConfigurationGivesMore() throws {
        let rig = try rig(.tokens(100), per: .total)
        try spend(Usage(tokensIn: 60, tokensOut: 40), in: rig)
        #expect(rig.gates[Self.gate]?.until == Gate.never)
        #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 100 of 100 tokens")
        let held = try rig.submit(.prompt("p"))
        for _ in 0..<400 { sleep(rig) }
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 0))
        #expect(try rig.task(held).phase == .ready)
        rig.rules.budgets[0].amount = .tokens(90)
        try rig.reload()
        #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 100 of 90 tokens")
        rig.rules.budgets[0].amount = .tokens(101)
        try rig.reload()
        #expect(try rig.task(held).phase == .active && rig.gates.isEmpty)
    }

    @Test func aBudgetThatIsTakenAwayHoldsNothingBack() throws {
        let rig = try rig()
        try spend(Usage(cost: 10_000_000), in: rig)
        let held = try rig.submit(.prompt("p"))
        rig.rules.budgets = []
        try rig.reload()
        #expect(try rig.task(held).phase == .active && rig.gates.isEmpty)
    }

    @Test func itIsOnlyForWhatMatches() throws {
        let rig = try rig(label: "team=core")
        try spend(Usage(cost: 10_000_000), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(cost: 10_000_000), in: rig) { $0.labels = ["team": "core"] }
        let ids = try rig.submit(many: [.prompt("p"), .prompt("p") { $0.labels = ["team": "core"] }])
        #expect(try rig.phases(ids) == [.active, .ready])
    }

    @Test func sumsNeitherOverflowNorFallBelowZero() throws {
        let rig = try rig()
        try spend(Usage(tokensIn: .max, tokensOut: .max, cost: 9_999_999), in: rig)
        try spend(Usage(tokensIn: .min, tokensOut: .min, cost: -5), in: rig)
        #expect(rig.gates.isEmpty)
        try spend(Usage(tokensIn: 1, cost: .max), in: rig)
        #expect(rig.gates[Self.gate] != nil)
    }

    // MARK: Clocks

    /// A day has its own sum: one that the clock says by mistake takes nothing from the right one.
    @Test func aClockThatIsSetWrongAndRightAgainChangesNothing() throws {
        for step in [400 * Day.length, -400 * Day.length] {
            let rig = try rig()
            let today = rig.now.day
            try spend(Usage(cost: 10_000_000), in: rig)
            rig.now.wall += step
            rig.now.day = Day(number: today.number + step / Day.length, end: rig.now.wall + 1_000_000)
            try rig.turn(.clockStepped(by: step))
            #expect(rig.gates.isEmpty)
            try spend(Usage(cost: 10_000_001), in: rig)
            #expect(rig.gates[Self.gate]?.until == rig.now.day.end)
            rig.now.wall -= step
            rig.now.day = today
            try rig.turn(.clockStepped(by: -step))
            #expect(rig.gates[Self.gate]?.reason == "budget \"daily\" spent 10.00 of 10.00 USD")
            #expect(rig.gates[Self.gate]?.until == today.end)
        }
    }

    @Test func aClockThatWasSetWhileNoEngineRanChangesNothing() throws {
        let rig = try rig()
        try spend(Usage(cost: 10_000_000), in: rig)
        rig.now.wall -= 30 * Day.length
        rig.now.day = Day(number: rig.now.day.number - 30, end: rig.now.wall + 5_000)
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 1))
        #expect(rig.gates.isEmpty)
    }

    // MARK: Each task for itself

    @Test func aTaskThatHasSpentItsOwnStartsNoMoreAttempt() throws {
        let rig = try rig(.cost(1_000_000), per: .task)
        let id = try rig.submit(.prompt("p") { ($0.retries, $0.retryDelay) = (3, 0) })
        try end(id, using: Usage(cost: 600_000), status: 1, in: rig)
        #expect(try rig.task(id).phase == .active && rig.task(id).attempts == 2)
        try end(id, using: Usage(cost: 400_000), status: 1, in: rig)
        let waiting = try rig.task(id)
        #expect(waiting.phase == .ready && waiting.lane == "agent:claude/ budget:daily spent:daily")
        #expect(waiting.reason == "budget \"daily\" spent 1.00 of 1.00 USD")
        // Others have theirs.
        #expect(try rig.task(rig.submit(.prompt("p"))).phase == .active && rig.gates.isEmpty)
        rig.rules.budgets[0].amount = .cost(900_000)
        try rig.reload()
        #expect(try rig.task(id).reason == "budget \"daily\" spent 1.00 of 0.90 USD")
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 3, started: [rig.starting(3)]))
        #expect(try rig.task(id).phase == .ready)
        rig.rules.budgets[0].amount = .cost(1_000_001)
        try rig.reload()
        #expect(try rig.task(id).phase == .active && rig.task(id).reason == nil)
    }

    // MARK: Hard ones

    @Test func aHardOneEndsWhatRunsAndTakesBackWhatDoesNot() throws {
        let rig = try rig(isHard: true, label: "a")
        let spec = TaskSpec.prompt("p") { ($0.labels, $0.retries) = (["a": "1"], 3) }
        let ids = try rig.submit(many: [spec, spec, spec])
        let other = try rig.submit(.prompt("p"))
        try rig.turn([1, 2, 4].map { .started(rig.starting($0)) })
        var end = rig.ending(1)
        end.usage = Usage(cost: 12_345_678)
        let turn = try rig.turn(.ended(end))
        #expect((turn.stopped, turn.revoked) == ([2], [3]))
        try rig.end(2, .signalled(15), stopped: true)
        let ended = try rig.attempt(2)
        #expect(ended.outcome == Outcome(.overBudget))
        #expect(ended.reason == "ended: budget \"daily\" spent 12.345678 of 10.00 USD")
        try rig.turn(.revoked(attempt: 3, accepted: true))
        // Not again, which would cost as much again.
        #expect(try rig.phases(ids + [other]) == [.succeeded, .failed, .ready, .active])
    }

    @Test func oneThatBecomesHardEndsWhatRuns() throws {
        let rig = try rig()
        let id = try rig.submit(.prompt("p"))
        try rig.start(1)
        try spend(Usage(cost: 10_000_000), in: rig)
        rig.rules.budgets[0].isHard = true
        #expect(try rig.reload().stopped == [1])
        #expect(try rig.task(id).phase == .active && rig.attempt(1).stopping == .budget)
    }

    /// The attempts before it have spent more than a task may now.
    @Test(arguments: [false, true]) func aTasksOwnOneThatBecomesLessOrHardEndsWhatRuns(isHardAlready: Bool) throws {
        let rig = try rig(.cost(1_000_000), per: .task, isHard: isHardAlready)
        let id = try rig.submit(.prompt("p") { ($0.retries, $0.retryDelay) = (3, 0) })
        try end(id, using: Usage(cost: 600_000), status: 1, in: rig)
        try rig.start(2)
        rig.rules.budgets[0].amount = .cost(500_000)
        rig.rules.budgets[0].isHard = true
        #expect(try rig.reload().stopped == [2])
        #expect(try rig.attempt(2).reason == "budget \"daily\" spent 0.60 of 0.50 USD")
    }

    /// The order to take it back came too late.
    @Test func aHardOneEndsWhatStartsAfterItIsSpent() throws {
        let rig = try rig(isHard: true)
        try rig.submit(.prompt("p"))
        try spend(Usage(cost: 10_000_000), in: rig)
        #expect(try rig.start(1).stopped == [1])
        #expect(try rig.turn(.revoked(attempt: 1, accepted: false)).stopped.isEmpty)
    }

    @Test func aHardOneThatIsSpentAlreadyEndsWhatItIsNewFor() throws {
        let rig = try rig(isHard: true, label: "a")
        try spend(Usage(cost: 10_000_000), in: rig) { $0.labels = ["a": "1"] }
        try rig.submit(.prompt("p"))
        try rig.start(2)
        rig.rules.budgets[0].matcher = TaskMatcher()
        #expect(try rig.reload().stopped == [2])
    }

    @Test func whatAnAgentUsesCountsAlsoWhenItsPoolIsGone() throws {
        let rig = try rig()
        rig.rules.budgets[0].matcher = TaskMatcher(agent: "claude")
        try rig.reload()
        let id = try rig.submit(.prompt("p"))
        try rig.start(1)
        rig.pools = []
        try rig.reload()
        try end(id, using: Usage(cost: 10_000_000), in: rig)
        #expect(rig.gates[Self.gate]?.isClosed == true)
    }
}
