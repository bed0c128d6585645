import ArgumentParser
import OrchProtocol

struct ReleaseCommand: TakesRest {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Let held tasks start.",
        discussion: """
            All of the tasks are changed, or none.

            Examples:
              orchctl release 42
              orchctl submit --hold -- ./deploy.sh | xargs orchctl release
            """)

    @OptionGroup var tasks: TaskList

    @OptionGroup var global: GlobalOptions

    mutating func take(_ rest: CommandLineReader.Rest) throws { try tasks.take(rest) }

    func run() throws {
        try tasks.change(Client(global), Call.release, ChangeSummary.released)
    }
}
