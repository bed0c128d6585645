import OrchProtocol

extension SpecRules {
    /// How far the clocks of a client and of the daemon may differ, in milliseconds.
    private static let slack: Int64 = 60_000

    /// A task that could never start is refused: accepted, it would be given up without a word to its submitter.
    static func check(notBefore: Timestamp?, expires: Timestamp?, now: Int64, _ path: String?) throws(WireError) {
        guard let expires else { return }
        if expires.milliseconds <= now { try fail("must be in the future, and \(expires) is past", "expires", path) }
        if let notBefore, notBefore >= expires {
            try fail("must be later than \"not_before\", \(notBefore), not \(expires)", "expires", path)
        }
    }

    /// A start in the past is not a reason to lose a task: a program may be late.
    static func warning(notBefore: Timestamp?, now: Int64) -> String? {
        guard let notBefore, notBefore.milliseconds < now - slack else { return nil }
        return "its \"not_before\", \(notBefore), is past: it may start at once"
    }
}
