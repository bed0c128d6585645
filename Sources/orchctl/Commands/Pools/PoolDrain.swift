import ArgumentParser
import OrchProtocol

struct PoolDrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Accept no new tasks for a pool, and run those it has.",
        discussion: """
            Examples:
              orchctl pool drain build
              orchctl pool drain build && orchctl events -f
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolDrain(PoolSelection(pool: pool)), as: ChangeAnswer.self) {
            $0.text(else: "pool \(pool) drains")
        }
    }
}
