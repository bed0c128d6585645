/// The exit statuses of orchctl. Scripts rely on them: none ever changes its meaning.
enum ExitStatus: Int32, CaseIterable, Encodable {
    case ok = 0
    case failed = 1
    case usage = 2
    case noDaemon = 3
    case notFound = 4
    case forbidden = 5
    case timedOut = 6
    case unanswered = 7
    case runFailed = 125

    /// The word for a program, of an error that is not the daemon's; and what it means, for people.
    private var words: (code: String, meaning: String) {
        switch self {
        case .ok: ("ok", "done")
        case .failed: ("failed", "orchd refused, or the task did not succeed")
        case .usage: ("usage", "the command line, or a value in it, is invalid")
        case .noDaemon: ("no_daemon", "no connection to orchd")
        case .notFound: ("not_found", "there is no such task or pool")
        case .forbidden: ("forbidden", "not allowed")
        case .timedOut: ("timed_out", "the time of --timeout was over")
        case .unanswered: ("unanswered", "nobody answered orchctl ask in time, and it has no --default")
        case .runFailed: ("run_failed", "orchctl run itself failed; otherwise it exits with the task's status")
        }
    }

    var code: String { words.code }
    var meaning: String { words.meaning }

    /// For `--help`.
    static var table: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return String(repeating: " ", count: 5 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }
}
