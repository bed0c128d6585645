import ArgumentParser
import OrchProtocol
import Text

struct PoolResize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resize",
        abstract: "Change how many tasks a pool runs at once.",
        discussion: """
            A smaller number ends no running task. The number holds until the configuration gives the pool another one.

            Examples:
              orchctl pool resize build 8
              orchctl pool resize build 0
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @Argument(help: "The number of slots.", transform: ArgumentText.whole(.slots))
    var slots: Int

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolResize(ResizeParameters(pool: pool, slots: slots)), as: ChangeAnswer.self) {
            $0.text(else: "pool \(pool) has \(counted(slots, "slot"))")
        }
    }
}
