import ArgumentParser
import OrchProtocol

struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Start no more tasks; running tasks continue.",
        discussion: """
            Examples:
              orchctl drain
              orchctl drain && orchctl stop --daemon
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.drain, as: ChangeAnswer.self) { $0.text(else: "orchd starts no more tasks") }
    }
}
