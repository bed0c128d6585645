import GRDB
import Scheduling

/// What budgets have spent: a row for each, read only when a task of the budget ends.
extension SQLiteTransaction {
    public func spending(of budget: String, per period: String) throws -> Spending? {
        try db.row("SELECT cost, tokens, until FROM spending WHERE budget = ? AND period = ?", [budget, period]) {
            Spending(budget: budget, period: period, cost: try $0.next(), tokens: try $0.next(), until: try $0.next())
        }
    }

    public func save(_ spending: Spending) throws {
        try db.run(
            "INSERT OR REPLACE INTO spending (budget, period, cost, tokens, until) VALUES (?, ?, ?, ?, ?)",
            [spending.budget, spending.period, spending.cost, spending.tokens, spending.until])
    }
}
