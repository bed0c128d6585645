import DaemonConfiguration
import Engine
import Foundation
import Glibc
import Platform
import Scheduling
import Settings
import Text

/// Where everything of a foreground run is.
struct ForegroundEnvironment {
    /// In all pools.
    let slots: Int
    /// What the command line says of the pool "default".
    let workers: Int?
    let config: String?
    let stateDirectory: String
    let socket: String
    /// Where else clients look that do not find the socket: a place that depends on no session. Nil where somebody has chosen the
    /// socket, and will say so to the clients as well.
    let fixedSocket: String?
    let drainTimeout: Int
    /// How many seconds the engine may hang before it is replaced.
    let watchdog: Int
    let engineProgram: ByteString
    let supervisorProgram: ByteString
    /// The bridge that it brings along, if any.
    let bridge: BridgeKeeper.Order?
    /// That of the starter, as it was before the first file was made.
    let umask: mode_t
    /// What somebody said that has no effect, in sentences.
    let remarks: [String]

    /// - Throws: ``StartError``, and `ConfigurationError` for a configuration that is not valid: better here than by a process
    ///   that is started again and again.
    init(
        workers: Int?, stateDirectory: String?, socket: String?, config: String?, drainTimeout: Int, watchdog: Int
    ) throws {
        // It can be looked at by setting it only; and what the run makes is for its user alone.
        umask = Glibc.umask(0o077)
        if let complaint = Surroundings.complaint { throw StartError(complaint) }
        let environment = Environment.own
        let places = try Places(environment)
        let variables = try ForegroundVariables(environment)
        let file = try (config ?? Configuration.existingUserFile()).map(Self.absolute)
        let loaded = try Configuration.foreground(file, workers: workers, variables: variables, environment: environment)
        slots = loaded.pools.reduce(0) { $0 + $1.settings.slots }
        self.workers = workers
        self.config = file
        self.drainTimeout = drainTimeout
        self.watchdog = watchdog
        remarks = Self.remarks(workers, variables, file, loaded)

        let state = try Self.absolute(stateDirectory ?? loaded.stateDirectory ?? Self.usersStateDirectory(places))
        self.stateDirectory = state
        if let path = try socket ?? loaded.socket ?? environment.name(.socket) {
            self.socket = try Self.absolute(path)
            fixedSocket = nil
        } else {
            let fixed = places.fixedSocket.flatMap { Self.canBeMade($0, below: places.home) ? $0 : nil }
            self.socket = places.sessionSocket ?? fixed ?? state + "/orchd.sock"
            fixedSocket = fixed
        }
        let own = ProcessText.target(of: "/proc/self/exe") ?? ""
        engineProgram = ProgramSearch.isProgram(own) ? own : "/proc/self/exe"
        supervisorProgram = try Self.supervisor(beside: own, environment)
        bridge = try BridgeKeeper.Order(
            variables, environment, configuration: file, state: state, socket: self.socket, beside: own)
    }

    private static func remarks(
        _ workers: Int?, _ variables: ForegroundVariables, _ file: String?, _ loaded: Configuration
    ) -> [String] {
        var remarks: [String] = []
        switch (variables.discordChannel, variables.discordTokenFile) {
        case (_?, nil):
            remarks.append("DISCORD_CHANNEL has no effect without DISCORD_TOKEN_FILE, the file with the token of a bot")
        case (nil, _?): remarks.append("DISCORD_TOKEN_FILE has no effect without DISCORD_CHANNEL, the number of a channel")
        default: break
        }
        if let file, workers == nil, let count = variables.workers,
            loaded.pool(Configuration.defaultPoolName)?.settings.slots != count
        {
            remarks.append("WORKERS is not used: \(file) says how many slots each pool has; --workers overrides it")
        }
        return remarks
    }

    /// Where the queue of a user's own daemon is.
    static func usersStateDirectory(_ places: Places? = nil) throws -> String {
        guard let directory = try (places ?? Places()).stateDirectory else {
            throw StartError(
                "there is no home directory, neither in HOME nor for the account; name the directory of the queue with --state-dir"
            )
        }
        return directory
    }

    var runDirectory: String { stateDirectory + "/run" }
    var workDirectory: String { stateDirectory + "/work" }
    var link: String { runDirectory + "/link.sock" }

    /// - Throws: ``StartError`` for a relative path where there is nothing that it could be relative to.
    private static func absolute(_ path: String) throws -> String {
        guard path.utf8.first != UInt8(ascii: "/") else { return path }
        guard let directory = ProcessText.directory else {
            throw StartError(
                "\(path) is relative to the current directory, which cannot be found: \(String(cString: strerror(errno)))")
        }
        guard let text = directory.text else {
            throw StartError("\(path) is relative to \(directory.shellQuoted()), which is not UTF-8; use an absolute path")
        }
        return URL(filePath: text + "/" + path).standardizedFileURL.path(percentEncoded: false)
    }

    /// Whether a socket can be made there, as far as directories go. A missing home directory is not our task to make.
    private static func canBeMade(_ socket: String, below home: String?) -> Bool {
        guard let home, access(home, W_OK | X_OK) == 0 else { return false }
        let directory = (socket as NSString).deletingLastPathComponent
        try? makeDirectory(directory, withParents: true)
        return access(directory, W_OK | X_OK) == 0
    }

    /// The supervisor beside this program, or else in PATH.
    private static func supervisor(beside own: ByteString, _ environment: Environment) throws -> ByteString {
        let beside = own.bytes.lastIndex(of: UInt8(ascii: "/")).map { ByteString(own.bytes[..<$0]) + "/orchd-supervisor" }
        if let beside, ProgramSearch.isProgram(beside) { return beside }
        if let found = environment.program("orchd-supervisor") { return found }
        throw StartError("cannot find orchd-supervisor, which belongs beside orchd (\(own.shellQuoted())) or in PATH")
    }
}
