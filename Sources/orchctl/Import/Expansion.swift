import ArgumentParser
import OrchClient
import OrchProtocol
import Presentation

/// Many tasks from one that has `{}` in it: `--array`, `--each` and `--lines`.
struct ExpansionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A task for each number, such as 1-100, 0-20:5 or 1,3,7-9; {} is the number.", valueName: "numbers"))
    var array: String?

    @Option(help: ArgumentHelp("A task for each line of a file; {} is the line; - reads standard input.", valueName: "file"))
    var each: ByteString?

    @Option(help: ArgumentHelp("A task for each line of a file, which is a command for the shell.", valueName: "file"))
    var lines: ByteString?

    var isEmpty: Bool { array == nil && each == nil && lines == nil }

    /// What stands in the place of `{}`, and where it comes from.
    func expansion() throws -> Expansion {
        switch (array, each, lines) {
        case (let numbers?, nil, nil): return Expansion(values: try Self.numbers(numbers), path: nil)
        case (nil, let path?, nil), (nil, nil, let path?): return try Expansion(linesOf: path)
        default: throw ValidationError("give only one of --array, --each and --lines")
        }
    }

    /// `1-100`, `0-20:5`, `1,3,7-9`.
    static func numbers(_ text: String) throws -> [ByteString] {
        var numbers: [Int64] = []
        for part in text.parts(at: ",") {
            if part.contains("%") {
                throw ValidationError(
                    """
                    --array cannot limit how many of \(ArgumentComplaint.quoted(text)) run at once; a pool with few slots can, \
                    or a [limit] of the configuration
                    """)
            }
            let (range, step) = part.cut(at: ":").map { (String($0.0), Int64($0.1)) } ?? (part, 1)
            let ends = range.parts(at: "-").map { word in word.utf8.count <= 9 ? Int64(word) : nil }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], let step, step > 0,
                first >= 0
            else {
                throw ValidationError(
                    "--array takes numbers such as 1-100, 0-20:5 or 1,3,7-9, not \(ArgumentComplaint.quoted(text))")
            }
            guard first <= last else { throw ValidationError("--array: the range \(range) runs backwards") }
            guard numbers.count + Int((last - first) / step) < Expansion.most else {
                throw ValidationError("--array makes at most \(Expansion.most) tasks at once")
            }
            numbers += stride(from: first, through: last, by: Int(step))
        }
        return numbers.map { "\($0)" }
    }
}

/// The values of an expansion, with the lines on which they stand.
struct Expansion {
    /// As many tasks are made at once.
    static let most = 100_000
    /// Where the value goes.
    static let mark: ByteString = "{}"

    let values: [ByteString]
    private var lineNumbers: [Int] = []
    private let path: ByteString?

    init(values: [ByteString], path: ByteString?) {
        self.values = values
        self.path = path
    }

    /// Empty lines are passed over.
    init(linesOf path: ByteString) throws {
        let text = ByteOrderMark.dropped(from: try Input.bytes(of: path))
        var values: [ByteString] = []
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() where !line.isEmpty {
            values.append(ByteString(line))
            lineNumbers.append(index + 1)
        }
        guard !values.isEmpty else { throw Failure(in: path, line: nil, "there is no task in it") }
        guard values.count <= Self.most else {
            throw Failure(
                .usage,
                "\(Input.name(path)) has \(values.count) lines, and at most \(Self.most) tasks are made at once; none was",
                hint: "split it: split -l \(Self.most) \(path == "-" ? "FILE" : path.shellQuoted())")
        }
        self.values = values
        self.path = path
    }

    /// A task for each value.
    ///
    /// - Parameter isKeyGiven: whether the user has named the key, and so one of each task.
    func tasks(from task: TaskSpec, isKeyGiven: Bool) throws -> [TaskSpec] {
        if isKeyGiven, task.key?.contains("{}") != true {
            throw ValidationError("each task needs a key of its own: put {} into --key or --step")
        }
        // As of a batch, a great many get no keys that nobody has asked for.
        let isKeyed = isKeyGiven || values.count <= Batch.keyedLimit
        return try values.enumerated().map { index, value in
            var one = task
            one.arguments = task.arguments?.map { $0.replacing(Self.mark, with: value) }
            func text(_ text: String?) throws -> String? {
                guard let text, text.contains("{}") else { return text }
                guard let value = value.text else {
                    let line = path.map { " on line \(lineNumbers[index]) of \(Input.name($0))" } ?? ""
                    throw Failure(.usage, "the value\(line) is not UTF-8, and can only be put into a command")
                }
                return text.replacing("{}", with: value)
            }
            one.prompt = try text(task.prompt)
            one.options.name = try text(task.options.name)
            one.options.comment = try text(task.options.comment)
            one.options.labels = try task.options.labels?.mapValues { try text($0) ?? $0 }
            one.variables = task.variables?.mapValues { $0.replacing(Self.mark, with: value) }
            one.key = isKeyGiven ? try text(task.key) : isKeyed ? task.key.map { "\($0).\(index)" } : nil
            return one
        }
    }

    /// Sends them in one request, and returns the JSON of the answer.
    func submit(_ tasks: [TaskSpec], to session: Session) throws -> [UInt8] {
        let call = Call(.submit, .many(tasks))
        do {
            return try session.submit(
                tasks.count, repeatable: call.isRepeatable, "the tasks take", hint: "submit them in parts"
            ) { try $0.send(call) }
        } catch let error as WireError {
            guard let index = error.data?.field.flatMap(Batch.index), values.indices.contains(index) else { throw error }
            guard let path else {
                var failure = Failure(error, after: "no task was taken")
                failure.message = "number \(values[index].lossy): \(failure.message)"
                throw failure
            }
            throw Failure(error, inLine: lineNumbers[index], of: path)
        }
    }
}

extension TaskSpec {
    /// Whether `{}` is in what it does.
    var hasMark: Bool {
        prompt?.contains("{}") ?? arguments?.contains { $0.replacing(Expansion.mark, with: "") != $0 } ?? false
    }
}

extension ByteString {
    /// With other bytes in every place of some.
    func replacing(_ part: ByteString, with other: ByteString) -> ByteString {
        guard bytes.count >= part.count, !part.isEmpty else { return self }
        var result: [UInt8] = []
        var rest = bytes[...]
        while let next = rest.first {
            if rest.starts(with: part.bytes) {
                result += other.bytes
                rest = rest.dropFirst(part.count)
            } else {
                result.append(next)
                rest = rest.dropFirst()
            }
        }
        return ByteString(result)
    }
}
