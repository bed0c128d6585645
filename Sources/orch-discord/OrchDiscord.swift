import ArgumentParser
import CLinux
import Glibc
import OrchProtocol

@main
struct OrchDiscord: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orch-discord",
        abstract: "The queue of orchd in Discord.",
        discussion: """
            A message in a task channel is a task. A reaction below it shows its state, a thread has its card and its answer, \
            and the channel for results gets a card for its end. Discord is a view of the queue: it shows later what happened \
            while the bridge or Discord was away.

            EXAMPLES
              orch-discord setup --application ID   the link that invites the bot
              orch-discord check                    is the configuration valid?
              orch-discord doctor                   token, permissions, daemon: what works?
              orch-discord run                      the bridge, until Ctrl-C
            """,
        version: Release.version,
        subcommands: [Run.self, Check.self, Doctor.self, Setup.self])

    static func main() async {
        linux_secure_start()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}
