import ArgumentParser
import OrchProtocol

struct Update: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change a task that has not started.",
        discussion: """
            Examples:
              orchctl update 42 --priority 10
              orchctl update 42 --pool build --not-before "tomorrow 6:00"
            """)

    @Argument(help: "The id of the task.", transform: TaskNumber.read)
    var id: Int64

    @OptionGroup var change: ChangeArguments

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard !change.isEmpty else { throw ValidationError("name what to change") }
    }

    func run() throws {
        var parameters = UpdateParameters(id: id)
        (parameters.pool, parameters.notBefore, parameters.options) = (change.pool, change.notBefore, change.options)
        try Client(global).show(.update, parameters) { _ in "task \(id) changed\n" }
    }
}
