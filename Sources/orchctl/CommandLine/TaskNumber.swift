import ArgumentParser
import OrchProtocol

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
        else { throw ValidationError("\"\(text.shortened(to: 60))\" is no id of a task, which is a number such as 42") }
        return Attempt(task: numbers[0], number: numbers.count == 2 ? Int(numbers[1]) : nil)
    }

    private static func whole(_ digits: Substring.UTF8View) -> Int64? {
        digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(Substring(digits)) : nil
    }
}

/// `--attempt` beside an id like `42.1` must be the same.
func checkAttempt(_ attempt: Int?, of id: TaskNumber.Attempt) throws {
    guard let attempt, let number = id.number, attempt != number else { return }
    throw ValidationError("--attempt \(attempt) and \(id.task).\(number) are two attempts; say one")
}
