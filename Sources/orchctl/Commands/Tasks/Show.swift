import ArgumentParser
import OrchProtocol
import Platform
import Presentation

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show everything about a task, with each of its attempts.",
        discussion: """
            Examples:
              orchctl show 42
              orchctl show --json 42 | jq '.attempts[].outcome'
            """)

    @Argument(help: "The id of the task, or of one of its attempts, like 42.1.", transform: TaskNumber.readAttempt)
    var id: TaskNumber.Attempt

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.get, GetParameters(id: id.task), \.detailText)
    }
}

extension TaskRecord {
    /// All of it, for the terminal.
    var detailText: String {
        TaskDetailText(withoutGeneratedKey, now: LocalTime.now, style: Terminal.style, userName: UserNames().name).text
    }
}
