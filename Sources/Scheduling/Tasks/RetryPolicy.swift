import OrchProtocol

/// When a failed attempt is followed by another, and after what wait.
public struct RetryPolicy: Sendable, Equatable {
    /// What a task gets that names no causes: everything that another attempt may well survive.
    public static let defaultCauses: [RetryCause] = [.exit, .timeout, .signal, .lost]
    /// Milliseconds.
    public static let defaultDelay: Int64 = 5_000
    /// The longest wait, in milliseconds, before the spread.
    public static let maximumDelay: Int64 = 3_600_000

    /// How many attempts may follow the first.
    public var retries = 0
    public var causes = Self.defaultCauses
    /// The wait before the first retry, in milliseconds.
    public var delay = Self.defaultDelay

    /// The wait in milliseconds before the next attempt, or nil if there will be none.
    ///
    /// - Parameters:
    ///   - attempts: how many have been made that count.
    ///   - seed: spreads tasks that failed together. The same seed gives the same wait.
    public func wait(after outcome: Outcome, attempts: Int, seed: UInt64) -> Int64? {
        guard let cause = outcome.retryCause, causes.contains(cause), attempts <= retries else { return nil }
        let doublings = min(max(attempts - 1, 0), 30)
        let (doubled, overflow) = delay.multipliedReportingOverflow(by: 1 << doublings)
        let longest = max(Self.maximumDelay, delay)
        let base = overflow ? longest : min(doubled, longest)
        return spread(base, seed: seed)
    }
}

/// From three to five quarters of a wait, evenly. The same seed gives the same.
func spread(_ wait: Int64, seed: UInt64) -> Int64 {
    wait * (1500 + Int64(scramble(seed) % 1001)) / 2000
}

/// The finaliser of SplitMix64 (G. Steele and others, 2014): turns neighbouring numbers into unrelated ones.
private func scramble(_ seed: UInt64) -> UInt64 {
    var z = seed &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
