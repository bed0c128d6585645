import ArgumentParser
import OrchProtocol

struct ProgressCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "progress",
        abstract: "Say, from within a task, how far it is.",
        discussion: """
            It works in a task of a pool with [spawn] (orchd.toml(5)). Lists show it until the attempt ends. It is not stored.

            Examples:
              orchctl progress 40 "reading the sources"
              orchctl progress "reading the sources"
            """)

    @Argument(help: "How far, in percent: a number from 0 to 100. It may be left out.")
    var percent: String

    @Argument(help: "What it is doing.")
    var text: String?

    @OptionGroup var global: GlobalOptions

    private var number: Double? { Double(percent.utf8.last == UInt8(ascii: "%") ? String(percent.dropLast()) : percent) }

    func validate() throws {
        guard let number else {
            guard text == nil else {
                throw ValidationError("must be a number from 0 to 100, and then a text, not \"\(percent.shortened(to: 60))\"")
            }
            return
        }
        guard (0...100).contains(number) else {
            throw ValidationError("must be a number from 0 to 100, not \"\(percent.shortened(to: 60))\"")
        }
    }

    func run() throws {
        let parameters = ProgressParameters(percent: number, text: number == nil ? percent : text)
        try Client(global).show(.progress, parameters) { _ in "" }
    }
}
