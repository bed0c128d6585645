import ArgumentParser
import OrchProtocol

struct Pause: TakesRest {
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

    @OptionGroup var tasks: TaskList

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        try tasks.change(Client(global), Call.pause) { Changed.text($0, done: "paused") }
    }
}
