import OrchProtocol

/// How attempts and tasks ended, in words.
public enum OutcomeText {
    /// As in "it …": `exited with status 3`.
    public static func text(_ outcome: Outcome) -> String {
        switch outcome.kind {
        case .exited: outcome.code == 0 ? "succeeded" : "exited with status \(outcome.code ?? 1)"
        case .signalled: "was killed by \(signalName(Int32(clamping: outcome.code ?? 0)))"
        case .lost: "was lost with its supervisor"
        case .cancelled: "was stopped"
        case .runTimeout: "ran longer than its timeout"
        case .idleTimeout: "wrote nothing for longer than its idle timeout"
        case .outOfMemory: "ran out of memory"
        case .outputLimit: "wrote more output than allowed"
        case .spawnFailed: "could not be started"
        case .noResult: "ended without a result"
        case .failed: "failed" + (outcome.failure.map { " (\(SafeText.line($0.rawValue)))" } ?? "")
        case .limited: "met a limit" + (outcome.failure.map { " (\(SafeText.line($0.rawValue)))" } ?? "")
        case .overBudget: "was ended because a budget is spent"
        default: "ended (\(SafeText.line(outcome.kind.rawValue)))"
        }
    }

    /// How an attempt stands: in the daemon's own words where it has ended badly.
    public static func text(_ attempt: AttemptRecord) -> String {
        guard let outcome = attempt.outcome else {
            return attempt.state == .running ? "running" : attempt.state == .dispatched ? "about to start" : "ended"
        }
        // What the program of a rule chose is said where it succeeded, too.
        if attempt.number == 0, let reason = attempt.reason { return SafeText.line(reason) }
        guard let reason = attempt.reason, !outcome.isSuccess else { return text(outcome) }
        return SafeText.line(reason)
    }
}
