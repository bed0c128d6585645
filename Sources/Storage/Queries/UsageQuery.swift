import GRDB
import OrchProtocol
import Scheduling

/// Adds up what attempts have used: those that are there, and the sums of days of those that retention has forgotten.
enum UsageQuery {
    /// Of each attempt, or of all forgotten ones of a day that were alike. An attempt counts on the day on which it ended; one that
    /// runs, today.
    private static let used = """
        SELECT coalesce(attempt.agent, 'command') AS agent, attempt.model, attempt.pool, task.options -> '$.labels' AS labels,
            \(submitter) AS submitter, 1 AS attempts,
            date(coalesce(ended_at, ?1) / 1000, 'unixepoch', 'localtime') AS day,
            tokens_in, tokens_out, tokens_cached, cost
        FROM attempt INDEXED BY attempt_usage JOIN task ON task.id = attempt.task
        WHERE attempt.model IS NOT NULL AND coalesce(ended_at, ?1) >= ?2
        UNION ALL
        SELECT agent, model, pool, labels, submitter, attempts, day, tokens_in, tokens_out, tokens_cached, cost
        FROM forgotten_usage WHERE day >= date(?2 / 1000, 'unixepoch', 'localtime')
        """

    /// As ``Principal`` has it in short.
    private static let submitter = "task.submitter || coalesce('/' || nullif(task.subject, ''), '')"

    private static let columns = ["tokens_in", "tokens_out", "tokens_cached", "cost"]

    /// As a real number, since a sum of integers fails where it overflows; NULL where nobody tells any.
    private static let sums = columns.map {
        "CASE WHEN count(\($0)) > 0 THEN CAST(total(\($0)) AS INTEGER) END"
    }.joined(separator: ", ")

    /// The most rows that are answered: there may be as many labels as tasks.
    static let maximumRows = 1_000

    /// The sums of all.
    static let total = "SELECT NULL, CAST(total(attempts) AS INTEGER), \(sums) FROM (\(used))"

    /// The sums by one property: the days in their order, of anything else the most expensive first.
    static func rows(by key: UsageKey) -> String {
        let (name, source) =
            switch key {
            // One for each label; what has none has NULL.
            case .label: ("label.key || '=' || label.value", "LEFT JOIN json_each(used.labels) AS label")
            case .pool, .agent, .model, .day, .submitter: ("nullif(used.\(key.rawValue), '')", "")
            }
        let order = key == .day ? "name" : "total(cost) DESC, total(tokens_in) + total(tokens_out) DESC, name"
        return """
            SELECT \(name) AS name, CAST(total(attempts) AS INTEGER), \(sums)
            FROM (\(used)) AS used \(source) GROUP BY name ORDER BY \(order) LIMIT \(maximumRows)
            """
    }

    /// Adds what the attempts of a task have used to the sums of their days.
    static let keep = """
        INSERT INTO forgotten_usage (day, agent, model, pool, labels, submitter, attempts, tokens_in, tokens_out, tokens_cached, cost)
        SELECT date(ended_at / 1000, 'unixepoch', 'localtime') AS day, coalesce(attempt.agent, 'command'), attempt.model, attempt.pool,
            coalesce(task.options -> '$.labels', '{}'), \(submitter), 1, tokens_in, tokens_out, tokens_cached, cost
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE attempt.task = ? AND attempt.model IS NOT NULL AND ended_at IS NOT NULL
        ON CONFLICT DO UPDATE SET attempts = attempts + 1,
            \(columns.map(sum).joined(separator: ", "))
        """

    private static func sum(_ column: String) -> String {
        """
        \(column) = CASE WHEN coalesce(\(column), excluded.\(column)) IS NOT NULL
            THEN CAST(0.0 + coalesce(\(column), 0) + coalesce(excluded.\(column), 0) AS INTEGER) END
        """
    }

    /// What all attempts of a task have used together; nil where they tell nothing.
    static func usage(of task: Int64, _ db: Database) throws -> Usage? {
        let usage = try db.row("SELECT \(sums) FROM attempt WHERE task = ? AND model IS NOT NULL", [task]) {
            Usage(
                tokensIn: try $0.optional(), tokensOut: try $0.optional(), tokensCached: try $0.optional(),
                cost: try $0.optional())
        }
        return usage.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Sums are kept for a year and a month.
    static let forget = "DELETE FROM forgotten_usage WHERE day < date('now', 'localtime', '-396 days')"
}

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
