import OrchClient
import OrchProtocol
import Presentation

/// What orchctl says when it cannot do as it was told. The members are those of `error` in what `--json` prints on standard error.
struct Failure: Error, Equatable, Encodable {
    var status: ExitStatus
    /// A sentence without its full stop.
    var message: String
    /// What to try next.
    var hint: String?
    /// For a program: the word of the protocol, where the daemon has refused.
    var code: String
    /// What it is about, where that is a parameter of the protocol.
    var field: String?

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
        code = status.code
    }

    /// A refusal, when something had been done already.
    init(_ error: WireError, after done: String) {
        self.init(error)
        message += "; \(done)"
    }

    /// Nil for an error that is not one of a conversation with the daemon.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ClientError: self.init(error)
        case let error as WireError: self.init(error)
        case let error as NotText:
            self.init(.usage, error.description, hint: "set it to another path, or name the socket of the daemon with --socket")
        default: return nil
        }
    }

    private init(_ error: ClientError) {
        let (status, hint): (ExitStatus, String?) =
            switch error {
            case .noDaemon: (.noDaemon, ClientError.isTaskWithoutDoor ? nil : Self.howToStart)
            case .denied:
                (.forbidden, "join the group orch: sudo usermod -aG orch $USER, then log in again (orchctl doctor says more)")
            case .lost: (.noDaemon, "check before you repeat it: orchctl list; journalctl -u orchd")
            case .timedOut: (.timedOut, nil)
            case .malformed: (.failed, "compare the versions: orchctl version")
            case .tooLong: (.failed, nil)
            }
        self.init(status, error.description, hint: hint)
    }

    static let howToStart =
        "start it: systemctl start orchd, systemctl --user start orchd, or orchd run; orchctl doctor says what is missing"

    init(_ error: WireError) {
        let (status, hint): (ExitStatus, String?) =
            switch error.kind {
            case .notFound: (.notFound, Self.whereToLook(for: error.data?.field))
            case .unknownPool: (.notFound, "try: orchctl pool list")
            case .forbidden: (.forbidden, nil)
            case .invalidParameter: (.usage, nil)
            case .storageFull: (.failed, "orchctl doctor says how much space is left")
            case .storageFailed, .internalError: (.failed, "try: journalctl -u orchd")
            case .unknownMethod: (.failed, "this orchd is older than orchctl: orchctl version")
            case .tooBusy, .tooManyConnections: (.failed, "try again in a moment")
            default: (.failed, nil)
            }
        // Each fault of a configuration has a line of its own.
        let lines = error.kind == .invalidConfiguration ? error.message.parts(at: "\n") : [error.message]
        self.init(status, lines.map { SafeText.line($0) }.joined(separator: "\n  "), hint: hint)
        code = error.data?.code ?? code
        field = error.data?.field
    }

    private static func whereToLook(for field: String?) -> String {
        switch field {
        case "agent": "try: orchctl agent list"
        case "attempt": "try: orchctl show ID"
        case "name": "try: orchctl files ID"
        default: "try: orchctl list"
        }
    }
}
