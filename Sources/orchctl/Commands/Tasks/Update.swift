import ArgumentParser
import OrchProtocol

struct Update: TakesCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change a task that has not started.",
        discussion: """
            Examples:
              orchctl update 42 --priority 10
              orchctl update 42 --pool build --not-before "tomorrow 6:00"
              orchctl update 42 --prompt "Write a longer poem."
              orchctl update 42 -- make check
            """)

    @Argument(help: "The id of the task, or @last.", transform: TaskWord.one)
    var id: TaskWord

    @Argument(parsing: .postTerminator, help: "Another command and its arguments, after --, for a task with a command.")
    var command: [ByteString] = []

    @Option(help: ArgumentHelp("Another prompt, for a task with a prompt; - reads it from standard input.", valueName: "text"))
    var prompt: String?

    @OptionGroup var change: ChangeArguments

    @OptionGroup var bridge: BridgeOption

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard !change.isEmpty || prompt != nil || !command.isEmpty else { throw ValidationError("name what to change") }
        guard prompt == nil || command.isEmpty else { throw ValidationError("a task is a prompt or a command, not both") }
    }

    mutating func take(_ rest: CommandLineReader.Rest) throws { command += rest.words.map { ByteString(escaped: $0) } }

    func run() throws {
        let client = try Client(global)
        let id = try id.resolved(client.session)
        var parameters = UpdateParameters(id: id)
        (parameters.pool, parameters.notBefore, parameters.options) = (change.pool, change.notBefore, change.options)
        if !command.isEmpty { parameters.arguments = command }
        parameters.prompt = try prompt.map(TaskArguments.prompt)
        parameters.subject = bridge.subject
        try client.show(.update, parameters) { _ in "task \(id) changed\n" }
    }
}
