import ArgumentParser
import OrchProtocol
import Presentation

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the daemon read its configuration again.",
        discussion: """
            Running tasks are not affected. An invalid configuration is refused as a whole.

            Examples:
              orchctl reload
              orchd check && orchctl reload
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.reload, as: ReloadResult.self) { result in
            if result.changes.isEmpty { return "nothing is different\n" }
            return result.changes.map { SafeText.line($0) + "\n" }.joined()
        }
    }
}
