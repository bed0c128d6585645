import ArgumentParser
import OrchProtocol

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let running tasks stand still.",
        discussion: """
            Their processes stop where they are, and keep their memory; the tasks keep their slots, and their timeouts stand
            still too. All of the tasks are paused, or none.

            Examples:
              orchctl pause 42
              orchctl resume 42
            """)

    @Argument(help: "The ids of the tasks.")
    var ids: [Int64]

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.pause(TaskSelection(ids: ids)), as: TasksChanged.self) { Changed.text($0, done: "paused") }
    }
}
