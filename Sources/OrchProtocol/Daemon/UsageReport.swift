/// What the attempts of many tasks have used.
public struct UsageReport: Codable, Sendable, Equatable {
    /// At most 1000: the days in their order, of anything else those first that cost most. None where nothing tells rows apart.
    public var rows: [UsageRow]
    /// Of all, also those that are in no row. An attempt is in the row of each of its labels.
    public var total: UsageRow
    /// By name.
    public var budgets: [BudgetRecord]

    public init(rows: [UsageRow], total: UsageRow, budgets: [BudgetRecord]) {
        self.rows = rows
        self.total = total
        self.budgets = budgets
    }
}

/// What may tell the rows of a ``UsageReport`` apart.
public enum UsageKey: String, ClosedEnum, Sendable {
    case label, pool, model, agent, day, submitter
}

/// Some attempts that have told what they used.
public struct UsageRow: Codable, Sendable, Equatable {
    /// The day as `2026-11-23`, the label as `team=core`, the submitter as the uid, followed by `/` and the subject where a bridge has
    /// submitted for somebody; left out where they have none.
    public var name: String?
    public var attempts: Int
    public var usage: Usage

    public init(name: String? = nil, attempts: Int, usage: Usage) {
        self.name = name
        self.attempts = attempts
        self.usage = usage
    }
}

/// A `[budget]` of the configuration.
public struct BudgetRecord: Codable, Sendable, Equatable {
    public struct Period: OpenEnum {
        public static let day = Self("day")
        public static let total = Self("total")
        /// Each task has one of its own.
        public static let task = Self("task")

        /// Each task has one with all that is below it.
        public static let tree = Self("tree")

        public static let allCases: [Self] = [.day, .total, .task, .tree]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// What its numbers count.
    public struct Unit: OpenEnum {
        /// Millionths of a US dollar.
        public static let micros = Self("usd_micros")
        public static let tokens = Self("tokens")

        public static let allCases: [Self] = [.micros, .tokens]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var name: String
    public var per: Period
    /// Whether what runs is ended when it is spent.
    public var hard: Bool
    public var unit: Unit
    public var amount: Int64
    /// In the period that is now; left out where each task or tree has a budget of its own.
    public var spent: Int64?

    public init(name: String, per: Period, hard: Bool, unit: Unit, amount: Int64, spent: Int64? = nil) {
        self.name = name
        self.per = per
        self.hard = hard
        self.unit = unit
        self.amount = amount
        self.spent = spent
    }
}
