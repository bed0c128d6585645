import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol

/// What names tasks and attempts on the command line.
enum TaskNumber {
    /// `42`.
    static func read(_ text: String) throws -> Int64 {
        let attempt = try number(text)
        guard let number = attempt.number else { return attempt.task }
        throw ValidationError("\"\(text)\" is attempt \(number) of a task; the task is \(attempt.task)")
    }

    /// An attempt as it is written everywhere, or a task.
    struct Attempt: Equatable {
        var task: Int64
        var number: Int?
    }

    /// `42` or `42.1`.
    static func readAttempt(_ text: String) throws -> Attempt { try number(text) }

    private static func number(_ text: String) throws -> Attempt {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let numbers = parts.compactMap(whole)
        guard numbers.count == parts.count, (1...2).contains(numbers.count), numbers[0] > 0,
            numbers.last ?? 0 <= Int32.max || numbers.count == 1
        else { throw ValidationError("\"\(text.shortened(to: 60))\" is not a task id; use a number such as 42, or @last") }
        return Attempt(task: numbers[0], number: numbers.count == 2 ? Int(numbers[1]) : nil)
    }

    fileprivate static func whole(_ digits: Substring.UTF8View) -> Int64? {
        digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(Substring(digits)) : nil
    }
}

/// One of the words for the tasks of a verb: `42`, `12-31`, `@last`, `@~1`.
enum TaskWord: Equatable {
    case id(Int64)
    case range(ClosedRange<Int64>)
    /// The last task that the user has submitted, or with 1 the one before it.
    case recent(back: Int)

    static func read(_ text: String) throws -> TaskWord {
        if text == "@last" { return .recent(back: 0) }
        if text.has(prefix: "@") {
            guard text.has(prefix: "@~"), let back = TaskNumber.whole(text.utf8.dropFirst(2)), (0...999).contains(back),
                text.utf8.count > 2
            else {
                throw ValidationError(
                    "\"\(text.shortened(to: 60))\" is not a task; @last is the last that you submitted, and @~1 the one before it"
                )
            }
            return .recent(back: Int(back))
        }
        let ends = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let first = TaskNumber.whole(ends[0]), let last = TaskNumber.whole(ends[1]), !ends[1].isEmpty,
            first > 0
        else { return .id(try TaskNumber.read(text)) }
        guard first <= last else { throw ValidationError("the range \(text) runs backwards; did you mean \(last)-\(first)?") }
        return .range(first...last)
    }
}

extension TaskWord {
    /// For a verb that takes one task.
    static func one(_ text: String) throws -> TaskWord {
        let word = try read(text)
        guard case .range = word else { return word }
        throw ValidationError("\"\(text)\" is a range, and only one task can be named here")
    }

    /// The task that it names.
    func resolved(_ caller: some Caller) throws -> Int64 {
        switch self {
        case .id(let id): id
        case .recent(let back): try RecentTask.id(back: back, caller)
        case .range(let range): range.lowerBound
        }
    }
}

/// `42.1`, `42` or `@last`, for a verb that takes one.
enum AttemptWord: Equatable {
    case attempt(TaskNumber.Attempt)
    case recent(back: Int)

    static func read(_ text: String) throws -> AttemptWord {
        guard text.has(prefix: "@"), case .recent(let back) = try TaskWord.read(text) else {
            return .attempt(try TaskNumber.readAttempt(text))
        }
        return .recent(back: back)
    }

    /// The number of the attempt, where the word has it.
    var number: Int? { if case .attempt(let it) = self { it.number } else { nil } }

    func resolved(_ caller: some Caller) throws -> TaskNumber.Attempt {
        switch self {
        case .attempt(let it): it
        case .recent(let back): TaskNumber.Attempt(task: try RecentTask.id(back: back, caller))
        }
    }
}

/// The tasks that a user has submitted last.
enum RecentTask {
    static func id(back: Int = 0, _ caller: some Caller) throws -> Int64 {
        var parameters = ListParameters()
        parameters.limit = back + 1
        // Through its door a task sees only what it has started itself, which is its user's.
        if try caller.call(.version).task == nil { parameters.submitter = geteuid() }
        // Large tasks may come on more pages than one.
        var left = back
        repeat {
            let page = try caller.call(.list, parameters)
            if page.tasks.indices.contains(left) { return page.tasks[left].id }
            left -= page.tasks.count
            parameters.cursor = page.nextCursor
        } while parameters.cursor != nil
        let what = back == 0 ? "you have submitted no task" : "you have submitted fewer tasks than @~\(back) needs"
        throw Failure(.notFound, "\(what), or it is no longer kept", hint: "try: orchctl list")
    }
}

/// `--attempt` beside an id like `42.1` must be the same.
func checkAttempt(_ attempt: Int?, of id: AttemptWord) throws {
    guard let attempt, case .attempt(let it) = id, let number = it.number, attempt != number else { return }
    throw ValidationError("--attempt \(attempt) and \(it.task).\(number) are two attempts; name only one")
}
