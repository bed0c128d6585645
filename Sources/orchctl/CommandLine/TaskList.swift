import ArgumentParser
import OrchClient
import OrchProtocol

/// The tasks that a verb is for, as many as there are.
struct TaskList: ParsableArguments {
    @Argument(help: "The ids of the tasks.", transform: TaskNumber.read)
    var ids: [Int64]

    mutating func take(_ rest: CommandLineReader.Rest) throws { ids += try rest.words.map(TaskNumber.read) }
}

extension [Int64] {
    /// Asks for a change of all of these tasks, and tells what was done. Beyond what one request takes, it is one after the other.
    func change<P>(
        _ client: Client, _ method: OrchProtocol.Method<P, TasksChanged>, _ parameters: ([Int64]) -> P,
        _ text: (TasksChanged) -> String
    ) throws {
        let atOnce = ValueRule.mostIDs
        guard count > atOnce else { return try client.show(method, parameters(self), text) }
        var changed = TasksChanged(tasks: [])
        for start in stride(from: 0, to: count, by: atOnce) {
            do {
                let answer = try client.session.call(method, parameters(Array(self[start..<Swift.min(start + atOnce, count)])))
                changed.tasks += answer.tasks
                changed.count += answer.count
            } catch  where start > 0 {
                guard var failure = Failure(error) else { throw error }
                let others = error is WireError ? "the others are not" : "nobody knows about the others"
                failure.message += "; the first \(start) of \(count) are done, \(others)"
                throw failure
            }
        }
        try client.json ? client.printJSON(changed) : Output.print(text(changed))
    }
}

/// What names tasks and attempts on the command line.
enum TaskNumber {
    /// `42`.
    static func read(_ text: String) throws -> Int64 {
        let attempt = try readAttempt(text)
        guard let number = attempt.number else { return attempt.task }
        throw ValidationError("\"\(text)\" is attempt \(number) of a task; the task is \(attempt.task)")
    }

    /// An attempt as it is written everywhere, or a task.
    struct Attempt {
        var task: Int64
        var number: Int?
    }

    /// `42` or `42.1`.
    static func readAttempt(_ text: String) throws -> Attempt {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let numbers = parts.compactMap(whole)
        guard numbers.count == parts.count, (1...2).contains(numbers.count), numbers[0] > 0,
            numbers.last ?? 0 <= Int32.max || numbers.count == 1
        else { throw ValidationError("\"\(text.shortened(to: 60))\" is not a task id; use a number such as 42") }
        return Attempt(task: numbers[0], number: numbers.count == 2 ? Int(numbers[1]) : nil)
    }

    private static func whole(_ digits: Substring.UTF8View) -> Int64? {
        digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(Substring(digits)) : nil
    }
}

/// `--attempt` beside an id like `42.1` must be the same.
func checkAttempt(_ attempt: Int?, of id: TaskNumber.Attempt) throws {
    guard let attempt, let number = id.number, attempt != number else { return }
    throw ValidationError("--attempt \(attempt) and \(id.task).\(number) are two attempts; name only one")
}
