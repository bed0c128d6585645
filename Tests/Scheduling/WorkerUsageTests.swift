import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// What warm workers tell of what their tasks use, while these run.
@Suite struct WorkerUsageTests {
    private func rig(per period: Budget.Period = .total, isHard: Bool = false) throws -> Rig {
        let budget = Budget(name: "b", amount: .cost(10), period: period, isHard: isHard)
        let pool = PoolSettings(name: "default", slots: 2, warm: WarmSettings(minReady: .max, fingerprint: 1))
        let rig = try Rig(pools: [pool], rules: Rules(budgets: [budget]))
        for worker in [Int64(1), 2] {
            try rig.start(worker)
            try rig.say(worker, .ready(capabilities: [], version: nil))
        }
        return rig
    }

    /// A worker tells of commands as well.
    private func work(_ rig: Rig, _ worker: Int64) throws -> Int64 {
        let id = try rig.submit(.command())
        try rig.say(worker, .accepted)
        return id
    }

    @Test func eachMessageIsKeptAndCountedOnce() throws {
        let rig = try rig()
        let id = try work(rig, 1)
        try rig.say(1, .usage(Usage(tokensIn: 5, cost: 4)))
        #expect(try rig.attempt(1).usage == Usage(tokensIn: 5, cost: 4))
        // A total so far, which says nothing of tokens.
        try rig.say(1, .usage(Usage(cost: 9)))
        #expect(try rig.attempt(1).usage == Usage(tokensIn: 5, cost: 9) && rig.gates.isEmpty)
        try rig.restart(
            connecting: Inventory(
                store: Rig.supervisorStore, heardUpTo: 2, started: [rig.starting(1), rig.starting(2)], channels: [1, 2]))
        try rig.say(1, .usage(Usage(cost: 10)))
        #expect(rig.gates["budget:b"]?.reason == "budget \"b\" spent 0.00001 of 0.00001 USD")
        // It goes on, and nothing else starts.
        #expect(try rig.task(id).phase == .active && rig.attempt(1).stopping == nil)
        #expect(try rig.task(rig.submit(.command())).phase == .ready)
        try rig.say(1, .usage(Usage(cost: 12)))
        #expect(rig.gates["budget:b"]?.reason == "budget \"b\" spent 0.000012 of 0.00001 USD")
    }

    @Test func theResultHasTheLastWord() throws {
        let rig = try rig()
        let id = try work(rig, 1)
        try rig.say(1, .usage(Usage(cost: 12)))
        try rig.say(1, .result(isSuccess: true, reason: nil, usage: Usage(cost: 9)))
        #expect(rig.gates.isEmpty)
        // It has said how it ended: what it says afterwards is nothing, and neither is it to pay again at its end.
        try rig.say(1, .usage(Usage(cost: 50)))
        try rig.end(1)
        #expect(try rig.attempt(1).usage == Usage(cost: 9) && rig.gates.isEmpty)
        #expect(try rig.task(id).phase == .succeeded)
        _ = try work(rig, 2)
        try rig.say(2, .usage(Usage(cost: 1)))
        #expect(rig.gates["budget:b"] != nil)
    }

    @Test func whatWasHeardOnlyAfterItsEndCountsToo() throws {
        let rig = try rig()
        _ = try work(rig, 1)
        var end = rig.ending(1, .exited(3))
        end.news = [.usage(Usage(cost: 10))]
        try rig.turn(.ended(end))
        #expect(try rig.attempt(1).usage == Usage(cost: 10) && rig.gates["budget:b"] != nil)
    }

    @Test(arguments: [Budget.Period.total, .day, .task]) func aHardBudgetEndsIt(_ period: Budget.Period) throws {
        let rig = try rig(per: period, isHard: true)
        let id = try work(rig, 1)
        try rig.say(1, .usage(Usage(cost: 9)))
        #expect(try rig.say(1, .usage(Usage(cost: 11))).stopped == [1])
        // What it still does costs, and a result comes too late.
        try rig.turn(.worker(1, [.usage(Usage(cost: 13)), .result(isSuccess: true, reason: nil)], bytes: 9))
        try rig.end(1, .signalled(15), stopped: true)
        #expect(try rig.attempt(1).outcome == Outcome(.overBudget) && rig.attempt(1).usage == Usage(cost: 13))
        #expect(try rig.attempt(1).reason == "ended: budget \"b\" spent 0.000011 of 0.00001 USD")
        #expect(try rig.task(id).phase == .failed)
        #expect(rig.gates["budget:b"]?.reason == (period == .task ? nil : "budget \"b\" spent 0.000013 of 0.00001 USD"))
    }

    @Test func aResultIsNotThrownAwayForWhatItSaysItCost() throws {
        let rig = try rig(isHard: true)
        let id = try work(rig, 1)
        #expect(try rig.say(1, .result(isSuccess: true, reason: nil, usage: Usage(cost: 11))).stopped.isEmpty)
        try rig.end(1)
        #expect(try rig.task(id).phase == .succeeded && rig.gates["budget:b"] != nil)
    }
}
