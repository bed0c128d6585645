import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

struct ResultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Print the result of a task.",
        discussion: """
            The result of an agent is its answer, and the result of a command its standard output, up to 1 MiB and unchanged. \
            For a terminal orchctl adds a missing line end, and passes text and colours only. It exits with 1 if the task has not succeeded, because the result \
            may be incomplete.

            Examples:
              orchctl result 42
              orchctl result $(orchctl submit --wait "Write a haiku")
            """)

    @Argument(help: "The id of the task, or @last.", transform: TaskWord.one)
    var id: TaskWord

    @OptionGroup var terminal: RawOption
    @OptionGroup var global: GlobalOptions

    func run() throws {
        let client = try Client(global)
        let id = try id.resolved(client.session)
        let task = try client.session.call(.get, GetParameters(id: id, result: true))
        if client.json {
            try client.printJSON(task)
        } else if let result = task.result {
            try TaskOutput(raw: terminal.raw).print(result, isLine: Terminal.isOutput, ofTask: id)
        } else {
            throw Failure(.failed, "task \(id) has no result; it is \(TaskText.state(task))", hint: "try: orchctl show \(id)")
        }
        guard task.state == .succeeded else {
            if !client.json {
                Output.remark(
                    task.state.isFinal ? TaskText.ending(task) : "task \(id) has not ended; it is \(TaskText.state(task))")
            }
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }
}
