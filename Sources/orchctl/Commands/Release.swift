import ArgumentParser
import OrchProtocol

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let held tasks start.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl release 42
              orchctl submit --hold -- ./deploy.sh | xargs orchctl release
            """)

    @Argument(help: "The ids of the tasks.")
    var ids: [Int64]

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.release(TaskSelection(ids: ids)), as: TasksChanged.self) { Changed.text($0, done: "released") }
    }
}
