import OrchProtocol

/// Tasks as JSON lines, made into the parameters of one `task.submit`.
///
/// The lines are checked once and go out as they are; what they say is judged by the daemon, whose complaint names an
/// index that ``lineNumber(ofField:)`` turns back into a line.
public struct Batch: Sendable {
    /// Why a file of tasks cannot be sent.
    public struct Rejected: Error, Equatable, Sendable {
        /// The line at fault, from 1; nil where it is the whole.
        public var line: Int?
        /// What is wrong with it, as a sentence without its full stop.
        public var message: String
    }

    /// Up to this many tasks are given keys, so that the batch may be sent twice without making a task twice.
    public static let keyedLimit = 1000

    /// The JSON array.
    public let parameters: [UInt8]
    /// How many tasks there are.
    public var count: Int { lineNumbers.count }
    /// Whether every task has a key, so that a repeat is harmless.
    public let isRepeatable: Bool

    private let lineNumbers: [Int]

    /// Reads JSON lines. Empty lines are passed over.
    ///
    /// - Parameter keyPrefix: made part of the keys of tasks that have none of their own.
    public init(_ file: [UInt8], keyPrefix: String) throws(Rejected) {
        let text = ByteOrderMark.dropped(from: file)
        var tasks: [Line] = []
        var start = 0
        var number = 1
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            if let line = try Line(text, start..<end, number: number) { tasks.append(line) }
            start = end + 1
            number += 1
        }
        guard !tasks.isEmpty else { throw Rejected(line: nil, message: "there is no task in it") }
        lineNumbers = tasks.map(\.number)
        let keyless = tasks.contains { $0.key == .none }
        isRepeatable = !tasks.contains { $0.key == .null } && (!keyless || tasks.count <= Self.keyedLimit)

        var parameters: [UInt8] = []
        parameters.reserveCapacity(text.count + tasks.count + 2)
        parameters.append(UInt8(ascii: "["))
        for (index, task) in tasks.enumerated() {
            if index > 0 { parameters.append(UInt8(ascii: ",")) }
            if isRepeatable, task.key == .none {
                // A task has a member at least, so the key is never the first.
                parameters.append(contentsOf: text[task.range.dropLast()])
                parameters.append(contentsOf: #","key":"\#(keyPrefix).\#(index)"}"#.utf8)
            } else {
                parameters.append(contentsOf: text[task.range])
            }
        }
        parameters.append(UInt8(ascii: "]"))
        self.parameters = parameters
    }

    /// The line that an error of the daemon is about, from its field: `[3].timeout` is in the fourth task's.
    public func lineNumber(ofField field: String) -> Int? {
        guard let index = Self.index(ofField: field), lineNumbers.indices.contains(index) else { return nil }
        return lineNumbers[index]
    }

    /// The index of the task that an error of the daemon is about: 3 for `[3].timeout`.
    public static func index(ofField field: String) -> Int? {
        guard field.first == "[", let close = field.firstIndex(of: "]") else { return nil }
        return Int(field[field.index(after: field.startIndex)..<close])
    }
}

/// One line with a task in it.
private struct Line {
    var number: Int
    /// From `{` to `}`.
    var range: Range<Int>
    var key = Key.none

    enum Key {
        /// A null is as good as none, but a second key beside it would make the line ambiguous.
        case none, null, own
    }

    private static let known = Set(TaskSpec.names)

    /// - Returns: nil for an empty line.
    init?(_ text: [UInt8], _ bounds: Range<Int>, number: Int) throws(Batch.Rejected) {
        var scanner = JSONScanner(text, in: bounds)
        scanner.skipSpace()
        if scanner.position == bounds.upperBound { return nil }
        let start = scanner.position
        var unknown: String?
        var hasTask = false
        var ownKey = Key.none
        do {
            try scanner.object { key, value in
                let name = String(decoding: text[key], as: UTF8.self)
                let isNull = value.count == 4 && text[value.lowerBound] == UInt8(ascii: "n")
                switch name {
                case "command", "command_bytes", "prompt": hasTask = hasTask || !isNull
                case "key": ownKey = isNull ? .null : .own
                default: if !Self.known.contains(name) { unknown = unknown ?? name }
                }
            }
        } catch {
            throw Batch.Rejected(
                line: number, message: "has \(error.message), at byte \(error.position - bounds.lowerBound + 1)")
        }
        range = start..<scanner.position
        self.number = number
        key = ownKey
        scanner.skipSpace()
        guard scanner.position == bounds.upperBound else {
            throw Batch.Rejected(line: number, message: "has more than one object")
        }
        if let unknown {
            let hint = nearest(unknown, in: Self.known.sorted()).map { "; did you mean \"\($0)\"?" } ?? ""
            throw Batch.Rejected(line: number, message: "has an unknown member \"\(unknown.shortened(to: 80))\"\(hint)")
        }
        guard hasTask else { throw Batch.Rejected(line: number, message: "has neither \"command\" nor \"prompt\"") }
        if text[range].contains(where: { $0 >= 0x80 }), String(validating: text[range], as: UTF8.self) == nil {
            throw Batch.Rejected(line: number, message: "is not UTF-8")
        }
    }
}
