import Engine
import Foundation
import Glibc
import Scheduling

/// Where everything of a foreground run is.
struct Setting {
    let workers: Int
    let config: String?
    let stateDirectory: String
    let socket: String
    let drainTimeout: Int
    /// How many seconds the engine may hang before it is replaced.
    let watchdog: Int
    let engineProgram: String
    let supervisorProgram: String
    /// Nothing of this program uses it.
    let discordChannel: String?

    /// - Throws: ``StartError``, and `ConfigurationError` for a configuration that is not valid: better here than by a process
    ///   that is started again and again.
    init(
        workers: Int?, stateDirectory: String?, socket: String?, config: String?, drainTimeout: Int, watchdog: Int
    ) throws {
        let environment = ProcessInfo.processInfo.environment
        let variables = try ForegroundVariables(environment)
        let loaded = try config.map { try Configuration.load($0, variables: variables) }
        let count = workers ?? variables.workers ?? 3
        discordChannel = variables.discordChannel
        self.workers = loaded?.pools.reduce(0) { $0 + $1.settings.slots } ?? count
        self.config = config.map(Self.absolute)
        self.drainTimeout = drainTimeout
        self.watchdog = watchdog

        let state = stateDirectory ?? loaded?.stateDirectory ?? Self.usersStateDirectory
        self.stateDirectory = Self.absolute(state)
        let runtime = environment["XDG_RUNTIME_DIR"].map { $0 + "/orchd.sock" }
        let path = socket ?? loaded?.socket ?? environment["ORCHD_SOCKET"] ?? runtime ?? state + "/orchd.sock"
        self.socket = Self.absolute(path)
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        engineProgram = access(own, X_OK) == 0 ? own : "/proc/self/exe"
        supervisorProgram = try Self.supervisor(beside: own)
    }

    /// Where the queue of a user's own daemon is.
    static var usersStateDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? NSHomeDirectory()
        return (environment["XDG_STATE_HOME"] ?? home + "/.local/state") + "/orchd"
    }

    var runDirectory: String { stateDirectory + "/run" }
    var workDirectory: String { stateDirectory + "/work" }
    var link: String { runDirectory + "/link.sock" }

    private static func absolute(_ path: String) -> String {
        URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    }

    /// The supervisor beside this program, or else in PATH.
    private static func supervisor(beside own: String) throws -> String {
        let directories =
            [(own as NSString).deletingLastPathComponent]
            + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for directory in directories where access(directory + "/orchd-supervisor", X_OK) == 0 {
            return directory + "/orchd-supervisor"
        }
        throw StartError("cannot find orchd-supervisor, which belongs beside orchd (\(own)) or in PATH")
    }
}
