import Glibc
import Text

/// Where a user's own daemon keeps what it has, and where it is found. The daemon and every client ask here, so that they agree,
/// whatever either finds in its environment.
public struct Places: Sendable {
    /// The socket of the system's service.
    public static let systemSocket = "/run/orchd.sock"

    /// The state directory and the configuration of the system's service.
    public static let systemStateDirectory = "/var/lib/orchd"
    public static let systemConfiguration = "/etc/orchd/orchd.toml"

    private static let socketName = "orchd.sock"

    private let user: uid_t
    /// `HOME`, or that of the account; nil for somebody who has none.
    public let home: String?
    private let stateHome: String?
    private let configurationHome: String?
    /// `XDG_RUNTIME_DIR`, where it can be trusted: `su` and `sudo` leave that of another user in the environment, and where everybody
    /// may write, the socket may be anybody's.
    public let runtimeDirectory: String?

    /// - Throws: ``NotText`` for a place that the daemon could only have under another name.
    public init(_ environment: Environment = .own) throws(NotText) {
        try self.init(environment, user: geteuid(), accountHome: OwnAccount.look()?.home)
    }

    init(_ environment: Environment, user: uid_t, accountHome: @autoclosure () -> ByteString?) throws(NotText) {
        func directory(_ variable: Variable) throws(NotText) -> String? {
            try environment.directory(variable)?.text(as: "the environment variable \(variable.rawValue)")
        }
        let ownHome = try directory(.home)
        let home = if let ownHome { ownHome } else { try accountHome()?.text(as: "your home directory in the user database") }
        let (state, configuration) = (try directory(.stateHome), try directory(.configHome))
        let runtime = try directory(.runtimeDirectory)
        self.user = user
        self.home = home
        stateHome = state ?? home.map { Self.below($0, ".local/state") }
        configurationHome = configuration ?? home.map { Self.below($0, ".config") }
        runtimeDirectory = runtime.flatMap { Self.isDirectory($0, of: user) ? $0 : nil }
    }

    /// Where the queue of a user's own daemon is; nil for somebody without a home.
    public var stateDirectory: String? { stateHome.map { Self.below($0, "orchd") } }

    /// Where the configuration of a user's own daemon is; it need not be there.
    public var configurationDirectory: String? { configurationHome.map { Self.below($0, "orchd") } }

    /// The socket of a daemon that was started in a session.
    public var sessionSocket: String? { runtimeDirectory.map { Self.below($0, Self.socketName) } }

    /// The place that depends on no session, where a daemon can be found from cron and from containers, too.
    public var fixedSocket: String? { home.map { Self.below($0, ".local/state/orchd/" + Self.socketName) } }

    /// The places where a daemon of this user may listen, in the order in which they are tried.
    public var ownSockets: [String] {
        // Where the session of a user has its directory, whether or not we are in that session.
        let usual = "/run/user/\(user)"
        let session = [runtimeDirectory, Self.isDirectory(usual, of: user) ? usual : nil].compactMap(\.self).map {
            Self.below($0, Self.socketName)
        }
        return unique(session + [fixedSocket].compactMap(\.self))
    }

    /// All places where a client looks: those of the user's own daemon, and the system's.
    public var sockets: [String] { unique(ownSockets + [Self.systemSocket]) }

    /// The socket for a client that was told of none: the first of ``sockets`` that somebody serves.
    ///
    /// A user who runs a daemon of their own means that one; the system's remains a `--socket` away.
    public func socket(isServed: (String) -> Bool) -> String {
        let present = sockets.filter { access($0, F_OK) == 0 }
        // One that nobody serves may have one behind it that somebody does. Where there is but one, nobody need be asked.
        if present.count > 1, let served = present.first(where: isServed) { return served }
        return present.first ?? Self.systemSocket
    }

    private static func isDirectory(_ directory: String, of user: uid_t) -> Bool {
        var status = stat()
        return stat(directory, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == user
            && status.st_mode & S_IWOTH == 0
    }

    private static func below(_ directory: String, _ name: String) -> String {
        directory == "/" ? "/" + name : directory + "/" + name
    }

    private func unique(_ paths: [String]) -> [String] {
        var known: Set<String> = []
        return paths.filter { known.insert($0).inserted }
    }
}
