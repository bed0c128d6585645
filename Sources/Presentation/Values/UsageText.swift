import OrchProtocol

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
        var fraction = String(abs(micros) % 1_000_000 + 1_000_000).dropFirst()
        while fraction.count > 2, fraction.last == "0" { fraction.removeLast() }
        return "\(micros < 0 ? "-" : "")$\(abs(micros) / 1_000_000).\(fraction)"
    }
}
