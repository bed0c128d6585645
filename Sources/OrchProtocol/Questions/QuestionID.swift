/// `42.q1`: the first question of task 42.
public struct QuestionID: Sendable, Hashable, CustomStringConvertible {
    public var task: Int64
    /// Counts from 1 within the task, over all of its attempts.
    public var number: Int

    public init(task: Int64, number: Int) {
        self.task = task
        self.number = number
    }

    public var description: String { "\(task).q\(number)" }
}

/// What names a question: `42.q1`, or `42` for the one question of the task that is open.
public struct QuestionName: Sendable, Hashable {
    public var task: Int64
    public var number: Int?

    /// Nil where it is neither.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let task = parts.first.flatMap(Self.whole), (1...2).contains(parts.count) else { return nil }
        self.task = task
        guard parts.count == 2 else { return }
        guard parts[1].first == UInt8(ascii: "q"), let number = Self.whole(parts[1].dropFirst()), number <= Int32.max else {
            return nil
        }
        self.number = Int(number)
    }

    private static func whole(_ digits: Substring.UTF8View) -> Int64? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int64(Substring(digits)).flatMap { $0 > 0 ? $0 : nil }
    }
}
