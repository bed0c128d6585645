import OrchProtocol

/// What a kind of failure looks like. All that is given must be there.
public struct FailureRule: Sendable, Equatable {
    public var kind: FailureKind
    /// One of these exit statuses.
    public var exits: [Int32] = []
    /// All of them hold of one document.
    public var conditions: [OutputExtractor.Condition] = []
    /// One of these in a line of the error, of standard error, or of standard output where that is text.
    public var patterns: [TextPattern] = []
    /// Of a limit: when it is over.
    public var until: [OutputExtractor] = []
    /// Also where the program says that it succeeded.
    public var always = false

    func matches(exit: Int32?, _ output: OutputText) -> Bool {
        if !exits.isEmpty, !(exit.map(exits.contains) ?? false) { return false }
        if !conditions.isEmpty,
            !output.documents.contains(where: { document in conditions.allSatisfy { $0.holds(for: document) } })
        {
            return false
        }
        return patterns.isEmpty || patterns.contains { $0.lastMatch(in: output.lines) != nil }
    }
}

extension FailureRule {
    public init(_ kind: FailureKind) { self.init(kind: kind) }

    /// What the programs' libraries and the providers' servers say, whatever the program: looked at after the definition's own rules.
    static let common: [FailureRule] = [
        rule(
            .usageLimit, "usage limit", "insufficient_quota", "exceeded your current quota", "credit balance is too low",
            "out of credits", "quota exceeded", "hit your limit"),
        rule(
            .rateLimit, "rate limit", "rate_limit", "ratelimit", "too many requests", "status 429", "error 429", "(429)",
            "http 429", "error code: 429"),
        rule(
            .contextTooLong, "context length", "context_length_exceeded", "context window", "prompt is too long",
            "maximum context", "input is too long"),
        rule(
            .auth, "invalid api key", "invalid x-api-key", "incorrect api key", "authentication_error", "unauthorized",
            "authentication failed", "not logged in", "api key not", "no api key", "status 401", "error 401", "(401)",
            "error code: 401", "status 403", "error 403", "(403)", "error code: 403", "permission_error", "please run /login",
            "api_key * not set"),
        rule(
            .server, "overloaded", "internal server error", "bad gateway", "service unavailable", "status 500",
            "status 502", "status 503", "status 529", "error 500", "error 502", "error 503", "error 529", "gateway timeout",
            "error code: 500", "error code: 502", "error code: 503", "error code: 504", "error code: 529"),
        rule(
            .network, "econnrefused", "econnreset", "enotfound", "eai_again", "etimedout", "connection refused",
            "connection reset", "could not resolve", "name resolution", "network is unreachable", "fetch failed",
            "connection error", "socket hang up"),
        rule(
            .config, "model not found", "unknown model", "model_not_found", "unknown option", "unrecognized arguments",
            "error code: 400",
            "error code: 404", "error code: 422", "status 404", "error 404"),
    ]

    /// When a limit is over, where the definition has no better way to find it.
    static let commonUntil = [
        OutputExtractor(
            patterns: [
                "limit reached|{value}", "try again in {value}", "try again at {value}", "retry after {value}",
                "retry-after: {value}",
                "resets at {value}", "resets in {value}", "resets {value}", "reset at {value}", "retry in {value}",
            ].compactMap(TextPattern.init))
    ]

    private static func rule(_ kind: FailureKind, _ patterns: String...) -> FailureRule {
        FailureRule(kind: kind, patterns: patterns.compactMap(TextPattern.init))
    }
}
