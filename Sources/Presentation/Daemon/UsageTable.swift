import OrchProtocol

/// What tasks have used: `orchctl usage`.
public enum UsageTable {
    /// The rows with their total, then the budgets. Each line ended by a line feed.
    ///
    /// - Parameter userName: what a user is called; nil for a number without a name.
    public static func text(
        _ report: UsageReport, by key: UsageKey, style: Style, width: Int? = nil, userName: (UInt32) -> String? = { _ in nil }
    ) -> String {
        func text(_ name: String) -> String {
            key == .submitter ? SubmitterText.text(row: name, userName) : SafeText.line(name)
        }
        var table = Table(
            [.init(key.rawValue.uppercased(), shrinks: true)]
                + ["ATTEMPTS", "TOKENS IN", "CACHED", "TOKENS OUT", "COST"].map { Table.Column($0, alignsRight: true) })
        for row in report.rows { table.add(cells(row, name: .init(row.name.map(text) ?? "–"))) }
        table.add(cells(report.total, name: .init("total", .strong)))
        let text = table.text(style: style, width: width)
        return report.budgets.isEmpty ? text : text + "\n" + budgets(report.budgets).text(style: style, width: width)
    }

    private static func cells(_ row: UsageRow, name: Table.Cell) -> [Table.Cell] {
        func number(_ value: Int64?) -> Table.Cell { .init(value.map { String($0) } ?? "") }
        let usage = row.usage
        return [
            name, .init(String(row.attempts)), number(usage.tokensIn), number(usage.tokensCached), number(usage.tokensOut),
            .init(usage.cost.map(UsageText.cost) ?? ""),
        ]
    }

    private static func budgets(_ budgets: [BudgetRecord]) -> Table {
        var table = Table([
            .init("BUDGET", shrinks: true), .init("PER"), .init("SPENT", alignsRight: true), .init("OF", alignsRight: true),
            .init(""),
        ])
        for budget in budgets {
            func amount(_ value: Int64) -> String { budget.unit == .micros ? UsageText.cost(value) : counted(value, "token") }
            let spent = budget.spent.map { Table.Cell(amount($0), $0 >= budget.amount ? .bad : .plain) } ?? ""
            table.add([
                .init(SafeText.line(budget.name)), .init(budget.per.rawValue), spent, .init(amount(budget.amount)),
                .init(budget.hard ? "hard" : "", .dim),
            ])
        }
        return table
    }
}

/// What an attempt has used, in words.
public enum UsageText {
    /// `10 in (5 cached), 7 out`; nil where the agent tells no tokens.
    public static func tokens(_ usage: Usage) -> String? {
        let cached = usage.tokensCached.map { " (\($0) cached)" } ?? ""
        let parts = [usage.tokensIn.map { "\($0) in\(cached)" }, usage.tokensOut.map { "\($0) out" }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// US dollars, in cents, or in as many digits as it takes: `$12.50`, `$0.0123`.
    public static func cost(_ micros: Int64) -> String {
        "\(micros < 0 ? "-" : "")$\(MoneyText.dollars(Int64(clamping: micros.magnitude)))"
    }
}
