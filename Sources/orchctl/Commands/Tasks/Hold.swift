import ArgumentParser
import OrchProtocol

struct Hold: TakesRest {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep queued tasks from starting until they are released.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl hold 42
              orchctl hold 42 43 44
            """)

    @OptionGroup var tasks: TaskList

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        try tasks.change(Client(global), Call.hold) { ChangeSummary.text($0, done: "held") }
    }
}
