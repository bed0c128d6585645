import Glibc
import Platform
import Text

/// The command line.
enum Options {
    case help
    case version
    /// Whether it is a version that can take over what these words name.
    case canHold([String])
    case serve(SupervisorConfiguration)

    struct UsageError: Error {
        let message: String
    }

    init(parsing arguments: [String]) throws(UsageError) {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if let answer = Self.answers[argument] {
                self = answer
                return
            }
            let parts = argument.cut(at: "=")
            let name = parts.map { String($0.before) } ?? argument
            guard Self.names.contains(name) else { throw UsageError(message: "unknown argument '\(argument)'") }
            guard let value = parts.map({ String($0.after) }) ?? rest.popFirst(), !value.isEmpty else {
                throw UsageError(message: "\(name) needs a value")
            }
            values[name] = value
        }
        if let words = values["--can-hold"] {
            self = .canHold(words.split(separator: ",").map(String.init))
            return
        }
        self = .serve(try Self.configuration(values))
    }

    private static let answers: [String: Options] = ["--help": .help, "-h": .help, "--version": .version]
    private static let names: Set<String> = [
        "--link", "--state-dir", "--work-dir", "--policy", "--engine-user", "--cgroup", "--stop-grace", "--ready-fd",
        "--lifeline-fd", "--can-hold",
    ]

    private static func configuration(_ values: [String: String]) throws(UsageError) -> SupervisorConfiguration {
        func required(_ name: String) throws(UsageError) -> String {
            guard let value = values[name] else { throw UsageError(message: "\(name) is missing") }
            guard value.utf8.first == UInt8(ascii: "/") else { throw UsageError(message: "\(name) needs an absolute path") }
            return value
        }
        func descriptor(_ name: String) throws(UsageError) -> Int32? {
            guard let text = values[name] else { return nil }
            guard let number = Int32(text), number > 2, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else {
                throw UsageError(message: "\(name) is the number of an open descriptor above 2")
            }
            return number
        }
        var configuration = SupervisorConfiguration(
            link: try required("--link"), stateDirectory: try required("--state-dir"),
            workDirectory: try required("--work-dir"))
        configuration.policy = values["--policy"]
        if let user = values["--engine-user"] { configuration.engineUser = try userNumber(user) }
        switch values["--cgroup"] {
        case nil, "auto": configuration.cgroups = .auto
        case "own": configuration.cgroups = .own
        case "none": configuration.cgroups = .none
        case let path?:
            guard path.utf8.first == UInt8(ascii: "/") else {
                throw UsageError(message: "--cgroup is auto, own, none or an absolute path")
            }
            configuration.cgroups = .path(path)
        }
        if let text = values["--stop-grace"] {
            guard let seconds = Int64(text), (0...86_400).contains(seconds) else {
                throw UsageError(message: "--stop-grace is a number of seconds, up to 86400")
            }
            configuration.stopGrace = seconds * 1000
        }
        configuration.lifeline = try descriptor("--lifeline-fd")
        // A new version that takes over was made ready long ago, and the number is somebody else's by now.
        if getenv(Handover.variable) == nil { configuration.readyDescriptor = try descriptor("--ready-fd") }
        return configuration
    }

    private static func userNumber(_ user: String) throws(UsageError) -> UInt32 {
        if let number = UInt32(user) { return number }
        guard let known = UserDatabase.user(user) else {
            throw UsageError(message: "--engine-user: there is no user '\(user)'")
        }
        return known.uid
    }
}

/// What a supervisor is started with.
public struct SupervisorConfiguration: Sendable {
    /// The path of the socket for the engine.
    public var link: String
    /// A directory on a file system in memory: exits that are not acknowledged, and what was heard of.
    public var stateDirectory: String
    /// Workspaces are made in `POOL/NAME` below it.
    public var workDirectory: String
    /// The policy file; nil in a foreground run.
    public var policy: String?
    /// Who may connect besides root and the supervisor's own user.
    public var engineUser: UInt32?
    var cgroups = CgroupTree.Place.auto
    /// A descriptor to write a line feed to, and to close, when the socket is served.
    public var readyDescriptor: Int32?
    /// The reading end of a pipe that nobody writes to: when it ends, the starter of the supervisor is dead.
    public var lifeline: Int32?
    /// Milliseconds from SIGTERM to SIGKILL when the supervisor itself must end.
    public var stopGrace: Int64 = 10_000
}

/// A start that is not possible, in a sentence for the administrator.
struct StartFailure: Error {
    let message: String
}
