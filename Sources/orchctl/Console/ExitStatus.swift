/// The exit statuses of orchctl. Scripts rely on them: none ever changes its meaning.
enum ExitStatus: Int32, CaseIterable {
    case ok = 0
    case failed = 1
    case usage = 2
    case noDaemon = 3
    case notFound = 4
    case forbidden = 5
    case timedOut = 6
    case runFailed = 125

    var meaning: String {
        switch self {
        case .ok: "done"
        case .failed: "orchd refused, or the task did not succeed"
        case .usage: "the command line, or a value in it, is invalid"
        case .noDaemon: "no connection to orchd"
        case .notFound: "there is no such task or pool"
        case .forbidden: "not allowed"
        case .timedOut: "the time of --timeout was over"
        case .runFailed: "orchctl run itself failed; otherwise it exits with the task's status"
        }
    }

    /// For a program, of an error that is not the daemon's.
    var code: String {
        switch self {
        case .ok: "ok"
        case .failed: "failed"
        case .usage: "usage"
        case .noDaemon: "no_daemon"
        case .notFound: "not_found"
        case .forbidden: "forbidden"
        case .timedOut: "timed_out"
        case .runFailed: "run_failed"
        }
    }

    /// For `--help`.
    static var table: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return String(repeating: " ", count: 5 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }
}
