import ArgumentParser
import OrchProtocol
import Platform
import Presentation

struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List workers.",
        discussion: """
            Examples:
              orchctl worker list
              orchctl worker list --pool build
            """,
        subcommands: [WorkerListCommand.self])
}

struct WorkerListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the workers and what each does.",
        discussion: """
            Examples:
              orchctl worker list
              orchctl worker list --pool build --json
            """)

    @Option(name: .shortAndLong, help: "Only this pool.")
    var pool: String?

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.workerList, WorkerListParameters(pool: pool)) {
            WorkerTable.make($0.workers, now: LocalTime.now).text(style: Terminal.style, width: Terminal.width)
        }
    }
}
