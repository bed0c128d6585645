import ArgumentParser
import OrchProtocol

struct Pause: TakesRest {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause tasks: freeze their processes.",
        discussion: """
            The processes of a running task are frozen, and keep their memory. The task keeps its slot, and its timeouts do not
            run. A queued task is held. All of the tasks are paused, or none.

            Examples:
              orchctl pause 42
              orchctl resume 42
            """)

    @OptionGroup var tasks: TaskList

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        try tasks.change(Client(global), Call.pause) { ChangeSummary.paused($0) }
    }
}
