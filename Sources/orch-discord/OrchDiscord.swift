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
            A message in a task channel is a task: its state stands below it, its card and its answer are in a thread, and its end is \
            told in the channel for results. Discord is a view of the queue: what happens while the bridge or Discord is away is \
            shown later.

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
