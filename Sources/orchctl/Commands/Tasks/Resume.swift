import ArgumentParser
import OrchProtocol

struct Resume: TakesRest {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Continue paused tasks.",
        discussion: """
            A held task is released. All of the tasks are resumed, or none.

            Examples:
              orchctl resume 42
              orchctl pool resume default      for a pool that was paused
            """)

    @OptionGroup var tasks: TaskList

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        try tasks.change(Client(global), Call.resume) { ChangeSummary.resumed($0) }
    }
}
