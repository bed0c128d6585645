import ArgumentParser
import OrchProtocol

struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep queued tasks from starting until they are released.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl hold 42
              orchctl hold 42 43 44
            """)

    @Argument(help: "The ids of the tasks.")
    var ids: [Int64]

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.hold(TaskSelection(ids: ids)), as: TasksChanged.self) { Changed.text($0, done: "held") }
    }
}
