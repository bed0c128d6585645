import OrchProtocol
import Scheduling

/// A second book of what has been used and of the budgets that are spent for it, which are held against what the tasks say
/// themselves and not against their lanes.
struct BudgetBook {
    struct Period: Hashable {
        let budget: String
        /// Of a day; -1 for always.
        let number: Int64
    }

    /// Those that the next turn goes by.
    var budgets: [Budget] = [] { didSet { areNew = areNew || budgets != oldValue } }
    /// What else the commit that takes them has may have come before them, and then counted by those before.
    private var areNew = false
    private var spent: [Period: Int64] = [:]
    private var spentByTask: [Int64: Int64] = [:]
    /// What the engine has noted in the commit.
    private var saved: [Period: Int64] = [:]

    mutating func save(_ spending: Spending, of budget: String, in number: Int64) {
        saved[Period(budget: budget, number: number)] = spending.cost
    }

    /// An attempt has used so much more, in millionths of a US dollar.
    mutating func add(_ cost: Int64, of task: TaskItem, by agent: String?, at wall: Int64) {
        spentByTask[task.id, default: 0] += cost
        guard !areNew else { return }
        for budget in budgets where budget.period != .task && Self.covers(budget, task, agent) {
            spent[period(of: budget, at: wall), default: 0] += cost
        }
    }

    /// The periods in which the engine has noted another sum in this commit than has been spent.
    mutating func endCommit() -> [String] {
        if areNew { spent.merge(saved) { $1 } }
        areNew = false
        defer { saved = [:] }
        return saved.sorted { $0.key.budget < $1.key.budget }.compactMap { period, cost in
            let mine = spent[period] ?? 0
            return mine == cost ? nil : "the budget \(period.budget) has spent \(mine), and counts \(cost)"
        }
    }

    /// The spent budgets of a task that an agent has, or gets.
    func spent(for task: TaskItem, by agent: String?, at wall: Int64) -> [Budget] {
        budgets.filter { Self.covers($0, task, agent) && isSpent($0, by: task, at: wall) }
    }

    /// Whether one of them all is spent; nil for one that there is not, or that is of each task.
    func isSpent(named name: String, at wall: Int64) -> Bool? {
        guard let budget = budgets.first(where: { $0.name == name }), budget.period != .task else { return nil }
        return isSpent(budget, by: nil, at: wall)
    }

    private func isSpent(_ budget: Budget, by task: TaskItem?, at wall: Int64) -> Bool {
        guard case .cost(let limit) = budget.amount else { return false }
        if budget.period == .task { return task.map { spentByTask[$0.id] ?? 0 >= limit } ?? false }
        return spent[period(of: budget, at: wall)] ?? 0 >= limit
    }

    private func period(of budget: Budget, at wall: Int64) -> Period {
        Period(budget: budget.name, number: budget.period == .day ? wall / Day.length : -1)
    }

    private static func covers(_ budget: Budget, _ task: TaskItem, _ agent: String?) -> Bool {
        // A program that is asked about it spends nothing of it.
        guard task.definition.routing == nil else { return false }
        guard task.definition.work.isPrompt || task.pool == Plan.warmPool else { return false }
        if let name = budget.matcher.agent, name != agent { return false }
        guard let label = budget.matcher.label else { return true }
        return task.definition.labels.contains { "\($0.key)=\($0.value)" == label }
    }
}
