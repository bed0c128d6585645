import OrchProtocol

/// How attempts and tasks ended, in words.
public enum OutcomeText {
    /// As in "it …": `exited with status 3`.
    public static func text(_ outcome: Outcome) -> String {
        switch outcome.kind {
        case .exited: outcome.code == 0 ? "succeeded" : "exited with status \(outcome.code ?? 1)"
        case .signalled: "was killed by \(signalName(outcome.code ?? 0))"
        case .lost: "was lost with its supervisor"
        case .cancelled: "was stopped"
        case .runTimeout: "ran longer than its timeout"
        case .idleTimeout: "wrote nothing for longer than its idle timeout"
        case .outOfMemory: "ran out of memory"
        case .outputLimit: "wrote more output than allowed"
        case .spawnFailed: "could not be started"
        case .noResult: "ended without a result"
        }
    }

    /// How an attempt stands, with the daemon's reason where it says more.
    public static func text(_ attempt: AttemptRecord) -> String {
        guard let outcome = attempt.outcome else {
            return attempt.state == .running ? "running" : attempt.state == .dispatched ? "about to start" : "ended"
        }
        guard let reason = attempt.reason, !outcome.isSuccess else { return text(outcome) }
        return "\(text(outcome)): \(SafeText.line(reason))"
    }

    private static func signalName(_ number: Int) -> String {
        let names = [
            1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
            9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
            24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
        ]
        return names[number].map { "signal \(number) (\($0))" } ?? "signal \(number)"
    }
}
