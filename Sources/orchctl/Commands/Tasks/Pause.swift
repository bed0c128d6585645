import ArgumentParser
import OrchProtocol

struct Pause: TakesRest {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let tasks stand still.",
        discussion: """
            The processes of a running task stop where they are, and keep their memory; the task keeps its slot, and its timeouts
            stand still too. A queued task is held. All of the tasks are paused, or none.

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
