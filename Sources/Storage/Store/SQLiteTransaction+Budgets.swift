import GRDB
import Scheduling

/// What budgets have spent, and who used what: written only where an attempt tells that it has used something.
extension SQLiteTransaction {
    public func spending(of budget: String, in period: Int64) throws -> Spending {
        try Self.spending(of: budget, in: period, db)
    }

    static func spending(of budget: String, in period: Int64, _ db: Database) throws -> Spending {
        try db.row("SELECT cost, tokens FROM spending WHERE budget = ? AND period = ?", [budget, period]) {
            Spending(cost: try $0.next(), tokens: try $0.next())
        } ?? Spending()
    }

    /// All days are kept, a few bytes each: a clock that was set wrong finds the right one again when it is put right.
    public func save(_ spending: Spending, of budget: String, in period: Int64) throws {
        try db.run(
            "INSERT OR REPLACE INTO spending (budget, period, cost, tokens) VALUES (?, ?, ?, ?)",
            [budget, period, spending.cost, spending.tokens])
    }

    public func attribute(_ attempt: Int64, toModel model: String) throws {
        try db.run("UPDATE attempt SET model = ? WHERE id = ?", [model, attempt])
    }

    public func keepUsage(of task: Int64) throws {
        try db.run(UsageQuery.keep, [task])
        try db.run(UsageQuery.forget)
    }
}
