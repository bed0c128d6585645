import Glibc
import Text

/// The environment as every program reads it: a variable that is empty is not set.
public struct Environment: Sendable, Equatable {
    private var values: [Variable: ByteString]

    /// That of this process, as it is now.
    public static var own: Environment {
        Environment { name in getenv(name).map { ByteString(cString: $0) } }
    }

    public init(_ variables: [String: String]) { self.init { variables[$0].map { ByteString($0) } } }

    private init(_ lookup: (String) -> ByteString?) {
        values = [:]
        for variable in Variable.allCases {
            if let value = lookup(variable.rawValue), !value.isEmpty { values[variable] = value }
        }
    }

    /// Its value, to be looked at; nil where it is not set, or empty.
    public subscript(_ variable: Variable) -> String? { values[variable]?.lossy }

    /// The same as the bytes that it is, to be passed on.
    public func bytes(_ variable: Variable) -> ByteString? { values[variable] }

    /// The same as the name of something.
    public func name(_ variable: Variable) throws(NotText) -> String? {
        try values[variable]?.text(as: "the environment variable \(variable.rawValue)")
    }

    /// A directory. The XDG specification has relative ones ignored, and one in HOME would mean another place in each directory.
    public func directory(_ variable: Variable) -> ByteString? {
        guard let path = values[variable]?.bytes, path.first == UInt8(ascii: "/") else { return nil }
        let end = path.lastIndex { $0 != UInt8(ascii: "/") } ?? 0
        return ByteString(path[...end])
    }

    /// Where programs are looked for.
    public var searchPath: ByteString { values[.path] ?? ProgramSearch.defaultPath }

    /// A program by its path or name; nil where there is none that this user can run.
    public func program(_ name: ByteString) -> ByteString? {
        ProgramSearch.candidates(for: name, in: searchPath).first(where: ProgramSearch.isProgram)
    }
}

/// The variables of the environment that the programs read: all of them, so that what is said of one holds for each.
///
/// One that is empty counts as not set. Whatever is not listed here is passed on, or ignored, but never looked at.
public enum Variable: String, CaseIterable, Sendable {
    // Where things are.
    case home = "HOME"
    case path = "PATH"
    case stateHome = "XDG_STATE_HOME"
    case configHome = "XDG_CONFIG_HOME"
    case runtimeDirectory = "XDG_RUNTIME_DIR"
    case socket = "ORCHD_SOCKET"
    /// Set in tasks.
    case taskPool = "ORCH_POOL"

    // A foreground run.
    case workers = "WORKERS"
    case pollInterval = "POLL_INTERVAL"
    case maxIdleTime = "MAX_IDLE_TIME"
    case openclaw = "OPENCLAW_BIN"
    case discordChannel = "DISCORD_CHANNEL"
    case discordTokenFile = "DISCORD_TOKEN_FILE"

    // What tasks are given of it.
    case user = "USER"
    case logName = "LOGNAME"
    case shell = "SHELL"
    case language = "LANG"
    case locale = "LC_ALL"
    /// To libc an empty TZ means UTC. Here it means not set, and tasks use the machine's time zone.
    case timeZone = "TZ"

    // The terminal.
    case terminal = "TERM"
    case columns = "COLUMNS"
    case noColor = "NO_COLOR"
    case forceColor = "CLICOLOR_FORCE"

    // The service manager.
    case notifySocket = "NOTIFY_SOCKET"
    case watchdogInterval = "WATCHDOG_USEC"
    case watchdogProcess = "WATCHDOG_PID"
    case journalStream = "JOURNAL_STREAM"
    case credentials = "CREDENTIALS_DIRECTORY"
    case serviceState = "STATE_DIRECTORY"
}
