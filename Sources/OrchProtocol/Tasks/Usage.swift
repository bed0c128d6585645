/// What an attempt has used of a model, as far as its agent tells.
public struct Usage: Codable, Sendable, Hashable {
    /// Tokens that went in, those that came from a cache included where the agent counts them so.
    public var tokensIn: Int64?
    public var tokensOut: Int64?
    /// Those that went in from a cache.
    public var tokensCached: Int64?
    /// Millionths of a US dollar.
    public var cost: Int64?

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case tokensIn = "tokens_in"
        case tokensOut = "tokens_out"
        case tokensCached = "tokens_cached"
        case cost = "cost_micros"
    }

    public init(tokensIn: Int64? = nil, tokensOut: Int64? = nil, tokensCached: Int64? = nil, cost: Int64? = nil) {
        self.tokensIn = tokensIn
        self.tokensOut = tokensOut
        self.tokensCached = tokensCached
        self.cost = cost
    }

    public var isEmpty: Bool { self == Usage() }

    /// What both have used together; nil for what neither tells.
    public func adding(_ other: Usage) -> Usage {
        Usage(
            tokensIn: Self.sum(tokensIn, other.tokensIn), tokensOut: Self.sum(tokensOut, other.tokensOut),
            tokensCached: Self.sum(tokensCached, other.tokensCached), cost: Self.sum(cost, other.cost))
    }

    /// As much as can be said, where it is more. Agents are believed, and may tell anything.
    public static func sum(_ one: Int64?, _ other: Int64?) -> Int64? {
        guard let one, let other else { return one ?? other }
        let (sum, overflows) = one.addingReportingOverflow(other)
        return overflows ? (one > 0 ? .max : .min) : sum
    }

    /// With what an earlier report told and this one does not.
    public func completed(by earlier: Usage?) -> Usage {
        Usage(
            tokensIn: tokensIn ?? earlier?.tokensIn, tokensOut: tokensOut ?? earlier?.tokensOut,
            tokensCached: tokensCached ?? earlier?.tokensCached, cost: cost ?? earlier?.cost)
    }
}
