import ArgumentParser
import OrchClient
import OrchProtocol

/// The tasks that a verb is for, as many as there are.
struct TaskList: ParsableArguments {
    @Argument(help: "The ids of the tasks.", transform: TaskNumber.read)
    var ids: [Int64]

    /// As many as the daemon takes in one request.
    private static let atOnce = 10_000

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
        guard ids.count > atOnce else { return try client.show(call(ids), as: TasksChanged.self, text) }
        var changed = TasksChanged(tasks: [])
        for start in stride(from: 0, to: ids.count, by: atOnce) {
            let part = Array(ids[start..<min(start + atOnce, ids.count)])
            do {
                let answer = try client.session.call(call(part), as: TasksChanged.self)
                changed.tasks += answer.tasks
                changed.count += answer.count
            } catch let error as WireError where start > 0 {
                throw Failure(error, after: "the first \(start) of \(ids.count) are done, the others are not")
            }
        }
        try client.json ? client.printJSON(changed) : Output.print(text(changed))
    }
}
