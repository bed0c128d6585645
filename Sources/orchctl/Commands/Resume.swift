import ArgumentParser
import OrchProtocol

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let paused tasks go on.",
        discussion: """
            All of the tasks go on, or none.

            Examples:
              orchctl resume 42
              orchctl pool resume default      for a pool that was paused
            """)

    @Argument(help: "The ids of the tasks.")
    var ids: [Int64]

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.resume(TaskSelection(ids: ids)), as: TasksChanged.self) { Changed.text($0, done: "resumed") }
    }
}
