import ArgumentParser
import CLinux
import Glibc
import OrchProtocol
import Text

@main
struct Orchd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orchd",
        abstract: "A durable task queue with a pool of single-use workers.",
        discussion: """
            `orchd run` is a daemon in the foreground, for one user: no root, no configuration. `orchd serve` is the engine of \
            the system service, which systemd starts. Tasks are submitted with orchctl.

            EXAMPLES
              orchd run                            three workers, until Ctrl-C
              orchd run --workers 8 --state-dir .  eight workers, the queue kept here
              orchd check                          is the configuration valid?
            """,
        version: Release.version,
        subcommands: [Run.self, Serve.self, Check.self, Restore.self, MakePolicy.self])

    static func main() {
        linux_secure_start()
        do {
            var command = try parseAsRoot(ProcessText.textArguments())
            try command.run()
        } catch let error as NotText {
            Glibc.exit(fail(error, status: configurationStatus).rawValue)
        } catch {
            guard exitCode(for: error) == .success else { exit(withError: error) }
            // Help and the version travel as errors, too.
            Glibc.exit(printed(fullMessage(for: error)))
        }
    }

    private static func printed(_ text: String) -> Int32 {
        do {
            if !text.isEmpty { try printOutput(text) }
            return 0
        } catch {
            return fail(error).rawValue
        }
    }
}
