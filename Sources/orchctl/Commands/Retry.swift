import ArgumentParser
import OrchProtocol

struct Retry: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Queue tasks again that have ended without success.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl retry 42
              orchctl list --state failed --all --json | jq '.tasks[].id' | xargs orchctl retry
            """)

    @Argument(help: "The ids of the tasks.")
    var ids: [Int64]

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.retry(TaskSelection(ids: ids)), as: TasksChanged.self) {
            Changed.text($0, done: "queued again")
        }
    }
}
