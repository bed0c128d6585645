import ArgumentParser
import Engine
import Glibc
import OrchClient
import OrchProtocol
import Settings

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a daemon in the foreground, for yourself.",
        discussion: """
            Prints one line when it is ready. On a terminal: s prints the status of all workers, q drains and quits, Ctrl-C \
            stops at once, and a second one kills. SIGTERM drains, for as long as --drain-timeout says, and then stops; so does \
            SIGHUP, which comes when the terminal is closed: nohup orchd run stays.

            Without --config it reads ~/.config/orchd, where there is something. Unless a file there is of it, there is a pool \
            "default", with the environment variable WORKERS as its number of workers (3) unless --workers says another. It takes \
            commands, and prompts if there is an openclaw: the program that OPENCLAW_BIN names, or the one in PATH.

            EXAMPLES
              orchd run
              orchd run --workers 8 --state-dir ./queue --socket ./queue/sock
              orchd run --config ./orchd.toml
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How many tasks run at once in the pool \"default\".", valueName: "n"),
        transform: ArgumentText.whole(.slots))
    var workers: Int?
    @Option(
        help: ArgumentHelp("Where the queue and the results are kept; $XDG_STATE_HOME/orchd if not given.", valueName: "dir"),
        transform: ArgumentText.path)
    var stateDir: String?
    @Option(
        help: ArgumentHelp("Where to listen, if not $ORCHD_SOCKET or where orchctl looks.", valueName: "path"),
        transform: ArgumentText.path)
    var socket: String?
    @Option(
        help: ArgumentHelp("A configuration file; pools.d and agents are read from beside it.", valueName: "file"),
        transform: ArgumentText.path)
    var config: String?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long SIGTERM waits for running tasks: 5m, or seconds.", valueName: "duration"),
        transform: ArgumentText.seconds(0...86_400))
    var drainTimeout = 60
    @Option(
        help: ArgumentHelp("How long the engine may hang before it is replaced.", visibility: .hidden),
        transform: ArgumentText.seconds(1...86_400))
    var watchdog = 30

    func run() throws {
        do {
            let foreground = try ForegroundEnvironment(
                workers: workers, stateDirectory: stateDir, socket: socket, config: config, drainTimeout: drainTimeout,
                watchdog: watchdog)
            for remark in foreground.remarks { printError("orchd: \(remark)") }
            let status = try Launcher(foreground).run()
            guard status == 0 else { throw ExitCode(status) }
        } catch let error as ConfigurationError {
            throw fail(error, status: configurationStatus)
        } catch let error as StartError {
            throw fail(error)
        } catch let error as SystemError {
            throw fail(error)
        }
    }
}
