import ArgumentParser
import OrchProtocol

struct PoolPause: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Start no more tasks of a pool; running tasks continue.",
        discussion: """
            Examples:
              orchctl pool pause default
              orchctl pool pause build && orchctl pool list
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolPause(PoolSelection(pool: pool)), as: ChangeAnswer.self) {
            $0.text(else: "pool \(pool) paused")
        }
    }
}
