import ArgumentParser
import DaemonConfiguration
import Engine
import Glibc
import OrchClient
import OrchProtocol
import Platform
import Presentation
import Settings

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a daemon in the foreground, for yourself.",
        discussion: """
            It prints one line when it is ready. On a terminal, s prints the status of all workers, q drains and quits, Ctrl-C \
            stops at once, and a second Ctrl-C kills. SIGTERM drains for at most --drain-timeout, and then stops. SIGHUP, \
            which comes when the terminal is closed, does the same; nohup orchd run survives it.

            Without --config it reads ~/.config/orchd if it exists. If no file there describes the pool "default", orchd makes \
            one. Its number of slots is --workers, or the environment variable WORKERS, or 3. It takes commands, and also \
            prompts if there is an openclaw: the program that OPENCLAW_BIN names, or the one in PATH.

            EXAMPLES
              orchd run
              orchd run --workers 8 --state-dir ./queue --socket ./queue/sock
              orchd run --config ./orchd.toml
            """)

    @Option(
        parsing: .unconditional, help: ArgumentHelp("How many tasks run at once in the pool \"default\".", valueName: "n"),
        transform: ValueRule.slots.argument)
    var workers: Int?
    @Option(
        help: ArgumentHelp("The directory of the queue and the results; default $XDG_STATE_HOME/orchd.", valueName: "dir"),
        transform: ArgumentText.path)
    var stateDir: String?
    @Option(
        help: ArgumentHelp("The socket; by default $ORCHD_SOCKET, or where orchctl looks.", valueName: "path"),
        transform: ArgumentText.path)
    var socket: String?
    @Option(
        help: ArgumentHelp("A configuration file, with pools.d and agents beside it.", valueName: "file"),
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
