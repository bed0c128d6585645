import ArgumentParser
import OrchProtocol

struct Retry: TakesRest {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Queue failed, cancelled or expired tasks again.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl retry 42
              orchctl list --state failed --all --json | jq '.tasks[].id' | xargs orchctl retry
            """)

    @OptionGroup var tasks: TaskList

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        try tasks.change(Client(global), Call.retry) { ChangeSummary.text($0, done: "queued again") }
    }
}
