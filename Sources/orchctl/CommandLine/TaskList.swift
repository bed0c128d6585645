import ArgumentParser
import OrchClient
import OrchProtocol

/// The tasks that a verb is for, as many as there are.
struct TaskList: ParsableArguments {
    @Argument(help: "The ids of the tasks.", transform: TaskNumber.read)
    var ids: [Int64]

    mutating func take(_ rest: CommandLineReader.Rest) throws { ids += try rest.words.map(TaskNumber.read) }

    /// Asks for a change of all of them, and tells what was done. Beyond what one request takes, it is one after the other.
    func change(
        _ client: Client, _ call: (TaskSelection) -> Call, _ text: (TasksChanged) -> String
    ) throws {
        try Self.change(ids, client, { call(TaskSelection(ids: $0)) }, text)
    }

    static func change(
        _ ids: [Int64], _ client: Client, _ call: ([Int64]) -> Call, _ text: (TasksChanged) -> String
    ) throws {
        let atOnce = ValueRule.mostIDs
        guard ids.count > atOnce else { return try client.show(call(ids), as: TasksChanged.self, text) }
        var changed = TasksChanged(tasks: [])
        for start in stride(from: 0, to: ids.count, by: atOnce) {
            let part = Array(ids[start..<min(start + atOnce, ids.count)])
            do {
                let answer = try client.session.call(call(part), as: TasksChanged.self)
                changed.tasks += answer.tasks
                changed.count += answer.count
            } catch  where start > 0 {
                guard var failure = Failure(error) else { throw error }
                let others = error is WireError ? "the others are not" : "of the others it is not known"
                failure.message += "; the first \(start) of \(ids.count) are done, \(others)"
                throw failure
            }
        }
        try client.json ? client.printJSON(changed) : Output.print(text(changed))
    }
}
