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
              orchctl show @last
              orchctl show --json 42 | jq '.attempts[].outcome'
            """)

    @Argument(help: "The id of the task, or of one of its attempts, like 42.1, or @last.", transform: AttemptWord.read)
    var id: AttemptWord

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        try client.show(.get, GetParameters(id: id.resolved(client.session).task), \.detailText)
    }
}

extension TaskRecord {
    /// All of it, for the terminal.
    var detailText: String {
        TaskDetailText(withoutGeneratedKey, now: LocalTime.now, style: Terminal.style, userName: UserNames().name).text
    }
}
