import GRDB
import OrchProtocol
import Scheduling

/// Sums of what attempts have used.
extension SQLiteStore {
    /// - Parameters:
    ///   - key: what to tell rows apart by; nil for the sum of all alone.
    ///   - since: attempts that ended before do not count, nor days of forgotten ones before that day.
    public func usage(by key: UsageKey?, since: Int64, now: Int64) throws -> (rows: [UsageRow], total: UsageRow) {
        try read { db in
            let rows = try key.map { try db.rows(UsageQuery.rows(by: $0), [now, since], Self.usageRow) } ?? []
            let total = try db.row(UsageQuery.total, [now, since], Self.usageRow)
            return (rows, total ?? UsageRow(attempts: 0, usage: Usage()))
        }
    }

    private static func usageRow(_ columns: inout Columns) throws -> UsageRow {
        UsageRow(
            name: try columns.optional(), attempts: try columns.next(),
            usage: Usage(
                tokensIn: try columns.optional(), tokensOut: try columns.optional(), tokensCached: try columns.optional(),
                cost: try columns.optional()))
    }

    /// What has been spent of a budget in a period: see ``Budget/period(on:)``.
    public func spending(of budget: String, in period: Int64) throws -> Spending {
        try read { try SQLiteTransaction.spending(of: budget, in: period, $0) }
    }
}
