import OrchProtocol
import Scheduling
import Storage

/// What tasks have used, and how far the budgets are.
extension Queries {
    func usage(_ parameters: UsageParameters) throws -> UsageReport {
        let now = Clock.now().wall
        let (rows, total) = try store.usage(by: parameters.by, since: parameters.since?.milliseconds ?? 0, now: now)
        let today = LocalDays.day(at: now)
        let budgets = try configuration.value.budgets.sorted { $0.name < $1.name }.map { budget in
            let spending = budget.period == .task ? nil : try store.spending(of: budget.name, in: budget.period(on: today))
            return BudgetRecord(budget, spending)
        }
        return UsageReport(rows: rows, total: total, budgets: budgets)
    }
}

extension BudgetRecord {
    fileprivate init(_ budget: Budget, _ spending: Spending?) {
        let (unit, amount, spent): (Unit, Int64, Int64?) =
            switch budget.amount {
            case .cost(let limit): (.micros, limit, spending?.cost)
            case .tokens(let limit): (.tokens, limit, spending?.tokens)
            }
        let per: Period =
            switch budget.period {
            case .day: .day
            case .total: .total
            case .task: .task
            }
        self.init(name: budget.name, per: per, hard: budget.isHard, unit: unit, amount: amount, spent: spent)
    }
}
