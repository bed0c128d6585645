import OrchClient
import OrchProtocol
import Presentation

/// What orchctl says when it cannot do as it was told.
struct Failure: Error, Equatable {
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
        switch error {
        case .noDaemon:
            self.init(.noDaemon, error.description, hint: Self.howToStart)
        case .denied:
            self.init(
                .forbidden, error.description,
                hint: "join the group orch: sudo usermod -aG orch $USER, then log in again (orchctl doctor says more)")
        case .lost:
            self.init(.noDaemon, error.description, hint: "check before you repeat it: orchctl list; journalctl -u orchd")
        case .timedOut:
            self.init(.timedOut, error.description)
        case .malformed:
            self.init(.failed, error.description, hint: "compare the versions: orchctl version")
        case .tooLong:
            self.init(.failed, error.description)
        }
    }

    static let howToStart =
        "start it: systemctl start orchd, systemctl --user start orchd, or orchd run; orchctl doctor says what is missing"

    init(_ error: WireError) {
        let message = SafeText.line(error.message)
        switch error.kind {
        case .notFound: self.init(.notFound, message, hint: Self.whereToLook(for: error.data?.field))
        case .unknownPool:
            self.init(.notFound, message, hint: "try: orchctl pool list")
        case .forbidden: self.init(.forbidden, message)
        case .invalidParameter: self.init(.usage, message)
        case .storageFull: self.init(.failed, message, hint: "orchctl doctor says how much space is left")
        case .storageFailed, .internalError: self.init(.failed, message, hint: "try: journalctl -u orchd")
        case .invalidConfiguration:
            // Each fault has a line of its own.
            self.init(.failed, error.message.split(separator: "\n").map { SafeText.line($0) }.joined(separator: "\n  "))
        case .unknownMethod: self.init(.failed, message, hint: "this orchd is older than orchctl: orchctl version")
        case .tooBusy, .tooManyConnections: self.init(.failed, message, hint: "try again in a moment")
        default: self.init(.failed, message)
        }
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

extension Failure: Encodable {
    private enum CodingKeys: String, CodingKey { case error }
    private enum Members: String, CodingKey {
        case code, field, hint, message, status
    }

    /// What `--json` prints on standard error.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        var members = container.nestedContainer(keyedBy: Members.self, forKey: .error)
        try members.encode(code, forKey: .code)
        try members.encode(message, forKey: .message)
        try members.encodeIfPresent(field, forKey: .field)
        try members.encodeIfPresent(hint, forKey: .hint)
        try members.encode(status.rawValue, forKey: .status)
    }
}
