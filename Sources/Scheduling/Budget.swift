import OrchProtocol

/// How much the prompts that match may use of models, in money or tokens. When it is spent, no more of them start.
public struct Budget: Sendable, Equatable {
    public enum Amount: Sendable, Equatable {
        /// Millionths of a US dollar.
        case cost(Int64)
        /// Those that go in and those that come out.
        case tokens(Int64)
    }

    public enum Period: String, Sendable, CaseIterable {
        /// Until the daemon's local midnight.
        case day
        /// For good: until the configuration gives more.
        case total
    }

    public var name: String
    public var amount: Amount
    public var period: Period
    public var matcher: TaskMatcher

    public init(name: String, amount: Amount, period: Period, matcher: TaskMatcher = TaskMatcher()) {
        self.name = name
        self.amount = amount
        self.period = period
        self.matcher = matcher
    }

    /// What to say once it is spent; nil as long as it is not.
    func verdict(on spending: Spending) -> String? {
        switch amount {
        case .cost(let limit) where spending.cost >= limit:
            "budget \"\(name)\" spent \(Self.dollars(spending.cost)) of \(Self.dollars(limit)) USD"
        case .tokens(let limit) where spending.tokens >= limit:
            "budget \"\(name)\" spent \(spending.tokens) of \(limit) tokens"
        default: nil
        }
    }

    /// In cents, or in as many digits as it takes: `12.50`, `0.0123`.
    static func dollars(_ micros: Int64) -> String {
        var fraction = String(micros % 1_000_000 + 1_000_000).dropFirst()
        while fraction.count > 2, fraction.last == "0" { fraction.removeLast() }
        return "\(micros / 1_000_000).\(fraction)"
    }
}

/// What the tasks of a budget have used in its period. Both sums are kept, so that a budget may change from one to the other.
public struct Spending: Sendable, Equatable {
    public var budget: String
    public var period: String
    public var cost: Int64
    public var tokens: Int64
    /// When the period ends, in milliseconds since 1970; ``Gate/never`` for one that does not.
    public var until: Int64

    public init(budget: String, period: String, cost: Int64 = 0, tokens: Int64 = 0, until: Int64) {
        self.budget = budget
        self.period = period
        self.cost = cost
        self.tokens = tokens
        self.until = until
    }

    /// Agents are believed, but not so far that a sum overflows or goes down.
    mutating func add(_ usage: Usage) {
        cost = Self.sum(cost, usage.cost)
        tokens = Self.sum(Self.sum(tokens, usage.tokensIn), usage.tokensOut)
    }

    private static func sum(_ total: Int64, _ more: Int64?) -> Int64 {
        let (sum, overflows) = total.addingReportingOverflow(max(0, more ?? 0))
        return overflows ? .max : sum
    }
}
