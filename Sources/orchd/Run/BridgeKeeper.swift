import DaemonConfiguration
import Engine
import Glibc
import OrchProtocol
import Platform
import Presentation
import Settings
import Text

/// The bridge to Discord that a foreground run brings along: a client of the daemon in a process of its own. Whatever happens to it, the
/// daemon and its tasks continue.
final class BridgeKeeper {
    /// How to start it.
    struct Order {
        var program: ByteString
        var arguments: [String]
    }

    private let order: Order
    private(set) var process: SpawnedProcess?
    /// When to start it again, on the monotonic clock.
    private(set) var restartAt: Int64?
    private var startedAt: Int64 = 0
    private var pause = BridgeKeeper.shortestPause
    private var isStopping = false

    /// Milliseconds. The pause doubles with each failure, and begins again at the shortest after a long life.
    private static let (shortestPause, longestPause, longLife) = (Int64(1000), Int64(60_000), Int64(60_000))

    init(_ order: Order) { self.order = order }

    func start(now: Int64) {
        guard process == nil, !isStopping else { return }
        (restartAt, startedAt) = (nil, now)
        // What the service manager has said is for the daemon.
        let others: [ByteString] = ["LISTEN_", "WATCHDOG_", "NOTIFY_SOCKET="]
        let environment = ProcessText.environment.filter { variable in !others.contains(where: variable.hasPrefix) }
        do {
            process = try Children.start(order.program, order.arguments, environment: environment, descriptors: [])
        } catch {
            printError("orchd: the bridge to Discord was not started: \(error)")
            restartAt = now + longer()
        }
    }

    func takeTime(_ now: Int64) { if let time = restartAt, time <= now { start(now: now) } }

    /// Whether a process that has ended was the bridge.
    func takeEnd(of pid: pid_t, status: Int32, now: Int64) -> Bool {
        guard pid == process?.pid else { return false }
        process = nil
        if isStopping { return true }
        if now - startedAt >= Self.longLife { pause = Self.shortestPause }
        if status == configurationStatus {
            printError(
                "orchd: the bridge to Discord has ended, and says why; correct that, and start orchd again; tasks continue")
        } else {
            let wait = status == 0 ? 0 : longer()
            restartAt = now + wait
            if wait > 0 {
                let seconds = counted(Int(wait / 1000), "second")
                printError(
                    "orchd: the bridge to Discord has failed (status \(status)), and is started again in \(seconds); tasks continue"
                )
            }
        }
        return true
    }

    /// Ends it, so that it is started again as it is on the disk now.
    func renew() { process?.signal(SIGTERM) }

    func stop() {
        (isStopping, restartAt) = (true, nil)
        process?.signal(SIGTERM)
    }

    func kill() { process?.signal(SIGKILL) }

    private func longer() -> Int64 {
        defer { pause = min(pause * 2, Self.longestPause) }
        return pause
    }
}

extension BridgeKeeper.Order {
    /// What the environment asks for; nil where it asks for no bridge.
    ///
    /// - Parameters:
    ///   - configuration: of the daemon: a `discord.toml` beside it is the bridge's.
    ///   - own: the path of this program.
    /// - Throws: ``StartError``.
    init?(
        _ variables: ForegroundVariables, _ environment: Environment, configuration: String?, state: String, socket: String,
        beside own: ByteString
    ) throws {
        guard let channel = variables.discordChannel, let token = variables.discordTokenFile else { return nil }
        let digits = channel.trimmed()
        guard UInt64(digits).map({ $0 > 0 }) ?? false, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw StartError(
                "the environment variable DISCORD_CHANNEL must be the number of a channel, such as 1024553789043458048, and is "
                    + "\"\(SafeText.line(channel))\"")
        }
        var status = stat()
        guard stat(token, &status) == 0, access(token, R_OK) == 0 else {
            throw StartError(
                "the environment variable DISCORD_TOKEN_FILE names \(SafeText.line(token)), which cannot be read: "
                    + String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 == 0 else {
            throw StartError(
                "the file \(SafeText.line(token)) of DISCORD_TOKEN_FILE can be read by others: chmod 600 \(ByteString(token).shellQuoted())"
            )
        }
        let place = own.bytes.lastIndex(of: UInt8(ascii: "/")).map { ByteString(own.bytes[..<$0]) + "/orch-discord" }
        guard let program = place.flatMap({ ProgramSearch.isProgram($0) ? $0 : nil }) ?? environment.program("orch-discord")
        else {
            throw StartError(
                "cannot find orch-discord, which DISCORD_CHANNEL and DISCORD_TOKEN_FILE ask for: it belongs beside orchd or in PATH"
            )
        }
        var arguments = [
            "run", "--channel", digits, "--token-file", token, "--socket", socket, "--state-dir", state + "/discord",
        ]
        let beside = configuration.flatMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) + "/discord.toml" } }
        if let beside, access(beside, F_OK) == 0 { arguments += ["--config", beside] }
        self.init(program: program, arguments: arguments)
    }
}
