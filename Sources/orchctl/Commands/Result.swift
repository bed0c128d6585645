import ArgumentParser
import OrchProtocol
import Presentation

struct ResultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Print the result of a task.",
        discussion: """
            For an agent that is its answer, for a command its standard output, up to 1 MiB and as it is.

            Examples:
              orchctl result 42
              orchctl result $(orchctl submit --wait "Write a haiku")
            """)

    @Argument(help: "The id of the task.", transform: TaskNumber.read)
    var id: Int64

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try Client(global).show(.get(GetParameters(id: id, result: true)), as: TaskRecord.self) { task in
            guard let result = task.result else {
                throw Failure(
                    .failed, "task \(id) has no result; it is \(TaskText.state(task))", hint: "try: orchctl show \(id)")
            }
            if result.truncated { Output.remark("this is only the beginning; orchctl logs \(id) has all") }
            return result.text
        }
    }
}
