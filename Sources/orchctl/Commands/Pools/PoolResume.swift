import ArgumentParser
import OrchProtocol

struct PoolResume: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Start tasks again in a paused or draining pool.",
        discussion: """
            Examples:
              orchctl pool resume default
              orchctl pool resume build && orchctl status
            """)

    @Argument(help: "The name of the pool.")
    var pool: String

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.poolResume(PoolSelection(pool: pool)), as: ChangeAnswer.self) {
            $0.text(else: "pool \(pool) resumed")
        }
    }
}
