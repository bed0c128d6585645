import ArgumentParser

struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "List workers.",
        discussion: """
            Examples:
              orchctl worker list
              orchctl worker list --pool build
            """,
        subcommands: [WorkerListCommand.self])
}
