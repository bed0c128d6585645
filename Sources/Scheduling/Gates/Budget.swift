import OrchProtocol

/// How much the tasks that match may use of models, in money or tokens. When it is spent, no more of them start.
public struct Budget: Sendable, Equatable {
    public enum Amount: Sendable, Equatable {
        /// Millionths of a US dollar.
        case cost(Int64)
        /// Those that go in and those that come out.
        case tokens(Int64)
    }

    public enum Period: String, Sendable, CaseIterable {
        /// Together until the daemon's local midnight.
        case day
        /// Together, for good: until the configuration gives more.
        case total
        /// Each task for itself, with all its attempts.
        case task
        /// Each task that nobody started for another, together with all that is below it.
        case tree
    }

    public var name: String
    public var amount: Amount
    public var period: Period
    /// Whether what runs is ended when it is spent.
    public var isHard: Bool
    public var matcher: TaskMatcher

    public init(
        name: String, amount: Amount, period: Period, isHard: Bool = false, matcher: TaskMatcher = TaskMatcher()
    ) {
        self.name = name
        self.amount = amount
        self.period = period
        self.isHard = isHard
        self.matcher = matcher
    }

    /// The number that what is spent for good is kept under, instead of that of a day.
    static let always: Int64 = -1

    /// Whether all tasks that match spend it together, so that one gate is closed for them all.
    public var isShared: Bool { period == .day || period == .total }

    /// Which of its sums is added to on a day.
    public func period(on day: Day) -> Int64 { period == .day ? day.number : Self.always }

    /// What to say once it is spent; nil as long as it is not.
    public func verdict(on spending: Spending) -> String? {
        switch amount {
        case .cost(let limit) where spending.cost >= limit:
            "budget \"\(name)\" spent \(MoneyText.dollars(spending.cost)) of \(MoneyText.dollars(limit)) USD"
        case .tokens(let limit) where spending.tokens >= limit:
            "budget \"\(name)\" spent \(spending.tokens) of \(counted(limit, "token"))"
        default: nil
        }
    }

    /// The same text for the same budget, as far as it decides which lane a task is in.
    var laneRule: String { "budget \(name) \(matcher.description)" + (isShared ? "" : " \(amount) \(isHard)") }
}

/// What has been used. Both sums are kept, so that a budget may change from one to the other. Agents are believed, but not so far that
/// a sum overflows or falls below zero.
public struct Spending: Sendable, Equatable {
    /// Millionths of a US dollar.
    public private(set) var cost: Int64
    public private(set) var tokens: Int64

    public init(cost: Int64 = 0, tokens: Int64 = 0) {
        self.cost = max(0, cost)
        self.tokens = max(0, tokens)
    }

    public init(_ usage: Usage?) {
        self.init(cost: usage?.cost ?? 0, tokens: Self.sum(usage?.tokensIn ?? 0, usage?.tokensOut ?? 0))
    }

    /// What an attempt has used by now takes the place of what it had used before.
    mutating func add(_ more: Spending, insteadOf known: Spending = Spending()) {
        self = Spending(
            cost: Self.sum(cost, more.cost - known.cost), tokens: Self.sum(tokens, more.tokens - known.tokens))
    }

    private static func sum(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflows) = a.addingReportingOverflow(b)
        return overflows ? (a > 0 ? .max : 0) : sum
    }
}
