import ArgumentParser
import DaemonConfiguration
import Engine
import Glibc
import Logging
import Platform
import Systemd

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the engine of the service.",
        discussion: """
            It needs an orchd-supervisor, which starts the tasks. systemd starts both; `orchd run` does so without systemd.

            SIGTERM ends the engine at once: running tasks continue under the supervisor, and the next engine finds them \
            again. SIGHUP reloads the configuration.

            EXAMPLES
              orchd serve --config /etc/orchd/orchd.toml --state-dir /var/lib/orchd --link /run/orchd-supervisor/link.sock
            """)

    @Option(
        help: ArgumentHelp("The configuration file; $XDG_CONFIG_HOME/orchd/orchd.toml, if there is one.", valueName: "file"),
        transform: ArgumentText.path)
    var config: String?
    @Option(help: ArgumentHelp("The directory of the queue and the results.", valueName: "dir"), transform: ArgumentText.path)
    var stateDir: String?
    @Option(
        help: ArgumentHelp("The socket, if systemd passes none.", valueName: "path"), transform: ArgumentText.path
    )
    var socket: String?
    @Option(help: ArgumentHelp("A listening socket that was handed over.", visibility: .hidden))
    var listenFd: Int32?
    @Option(help: ArgumentHelp("A pipe whose end ends the engine.", visibility: .hidden))
    var lifelineFd: Int32?
    @Option(help: ArgumentHelp("The socket of the supervisor.", valueName: "path"), transform: ArgumentText.path)
    var link: String
    @Option(
        help: ArgumentHelp("The directory of the supervisor's workspaces.", valueName: "dir"),
        transform: ArgumentText.path)
    var workDir: String?
    @Option(help: ArgumentHelp("How many workers the pool of a foreground run has.", visibility: .hidden))
    var workers: Int?
    @Option(help: ArgumentHelp("The umask of the user who started a foreground run.", visibility: .hidden))
    var umask: UInt32?
    @Flag(help: ArgumentHelp("Whether the environment is that of a foreground run.", visibility: .hidden))
    var foreground = false

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        Allocator.giveBackWhatIsFree()
        // Whatever the engine makes is its own; the socket, which others may use, is made by systemd.
        _ = Glibc.umask(0o077)
        let log = Logger(label: "orchd") { ServiceLogHandler(label: $0) }
        let (outside, engine): (OutsideEvents, Engine)
        do {
            outside = try OutsideEvents(lifeline: lifelineFd)
            engine = try start(log)
        } catch {
            ServiceManager.failed("\(error)")
            throw fail(error, status: startStatus(error))
        }
        engine.run(outside)
    }

    private func start(_ log: Logger) throws -> Engine {
        let load = loader
        let configuration = try load()
        var log = log
        log.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .info
        if !ServiceManager.stderrIsJournal { log.logLevel = max(log.logLevel, .warning) }
        guard let state = stateDir ?? configuration.stateDirectory else {
            throw StartError("there is no state directory; give --state-dir, or state_dir in the configuration")
        }
        let options = Engine.Options(
            socket: socket ?? configuration.socket ?? Places.systemSocket,
            listener: listenFd ?? ServiceManager.listeningSocket(named: "control"), stateDirectory: state, link: link)
        return try Engine(options, initial: configuration, load: load, log: log)
    }

    /// The configuration that the command line names, read again each time.
    private var loader: @Sendable () throws -> Configuration {
        let (config, workers, umask, workDir, foreground) = (config, workers, umask, workDir, foreground)
        return {
            // The launcher has said which file there is, if any.
            let file = foreground ? config : try config ?? Configuration.existingUserFile()
            // A service has files for what a foreground run may say by variables.
            var configuration: Configuration
            if foreground {
                configuration = try .foreground(file, workers: workers, umask: umask, variables: ForegroundVariables(.own))
            } else {
                configuration = try file.map { try .load($0) } ?? .foreground()
                if config == nil { configuration.letTasksStartAnywhere() }
            }
            configuration.workDirectory = workDir
            return configuration
        }
    }
}
