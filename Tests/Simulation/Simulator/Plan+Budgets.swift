import Scheduling
import TestSupport

extension Plan {
    /// Gives some of the lives that have an agent something that it may use up, from a generator of its own.
    mutating func addBudgets() {
        var random = SeededGenerator(seed ^ 0x5151_1515_B0B0_0B0B)
        guard pools.contains(where: { $0.agent != nil }), random.chance(60) else { return }
        budgets = Self.budgets(&random)
        guard steps.contains(where: \.deed.isFault) else { return }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let changed = random.chance(20) ? [] : Self.budgets(&random)
            steps.append(Step(at: .random(in: 0...span, using: &random), deed: .changeBudgets(changed)))
        }
    }

    /// By the same names for the same tasks, so that what has been spent can be told without knowing the past.
    private static func budgets(_ random: inout SeededGenerator) -> [Budget] {
        let matchers = [TaskMatcher(agent: SimulatedAgent.name), TaskMatcher(label: "group=a"), TaskMatcher()]
        var budgets: [Budget] = []
        for (period, matcher) in zip([Budget.Period.total, .day, .task], matchers) where random.chance(60) {
            budgets.append(
                Budget(
                    name: period.rawValue, amount: .cost(.random(in: 1...12, using: &random) * SimulatedAgent.cent),
                    period: period, isHard: random.chance(40), matcher: matcher))
        }
        return budgets
    }
}
