import OrchProtocol

/// The queue file of the scripts that orchd replaces: `task-id|description|model|thinking`, a task a line.
public struct LegacyQueue: Sendable, Equatable {
    /// Why a file cannot be taken.
    public struct Rejected: Error, Equatable, Sendable {
        /// From 1; nil where it is the whole.
        public var line: Int?
        /// What is wrong, as a sentence without subject and full stop.
        public var message: String
    }

    /// One task of the file.
    public struct Item: Sendable, Equatable {
        /// Counts from 1.
        public var line: Int
        /// What the file calls the task.
        public var id: String
        public var description: String
        public var model: String?
        public var thinking: ThinkingLevel?
    }

    /// In the order of the file, at least one.
    public let items: [Item]

    /// Reads a file. Blank lines, and those that begin with `#`, are passed over.
    public init(_ bytes: [UInt8]) throws(Rejected) {
        var items: [Item] = []
        var seen: [ByteString: Int] = [:]
        for (index, slice) in ByteOrderMark.dropped(from: bytes).split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            let number = index + 1
            // The scripts' own editors were not all on Unix.
            let bytes = slice.last == 0x0D ? slice.dropLast() : slice
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Rejected(line: number, message: "is not UTF-8")
            }
            guard let item = try Self.item(text, number) else { continue }
            if let first = seen.updateValue(number, forKey: ByteString(item.id)) {
                let id = SafeText.line(item.id.shortened(to: 80))
                throw Rejected(line: number, message: "has the task id \"\(id)\" of line \(first) again")
            }
            items.append(item)
        }
        guard !items.isEmpty else { throw Rejected(line: nil, message: "there is no task in it") }
        self.items = items
    }

    /// - Returns: nil for a line without a task.
    private static func item(_ text: String, _ number: Int) throws(Rejected) -> Item? {
        guard let first = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }), first != "#" else { return nil }
        func rejected(_ message: String) -> Rejected { Rejected(line: number, message: message) }
        let fields = LegacyLine.fields(text)
        guard (2...4).contains(fields.count) else {
            throw rejected(
                fields.count == 1
                    ? "has no \"|\": it must be task-id|description|model|thinking"
                    : "has \(fields.count) fields instead of 4; a | in a description is written \\|")
        }
        let words = fields.map { $0.trimmed() }
        guard !words[0].isEmpty else { throw rejected("has no task id") }
        guard LegacyID.key(words[0]) != nil else {
            throw rejected("has a task id that is longer than \(LegacyID.maximum) bytes, or has control characters")
        }
        guard !words[1].isEmpty else { throw rejected("has no description") }
        var item = Item(line: number, id: words[0], description: fields[1])
        if words.count > 2, !words[2].isEmpty { item.model = words[2] }
        if words.count > 3, !words[3].isEmpty {
            guard let level = ThinkingLevel(rawValue: words[3].lowercased()) else {
                let known = ThinkingLevel.allCases.map(\.rawValue).joined(separator: ", ")
                throw rejected("has \"\(SafeText.line(words[3].shortened(to: 40)))\" for thinking; use one of \(known)")
            }
            item.thinking = level
        }
        return item
    }
}

extension LegacyQueue.Item {
    /// The task for the daemon: a prompt, with the old id as its name and in its key, so that it is not made twice.
    public func spec(pool: String?) -> TaskSpec {
        var spec = TaskSpec(prompt: description)
        spec.pool = pool
        spec.name = id
        spec.key = LegacyID.key(id)
        spec.model = model
        spec.thinking = thinking
        return spec
    }
}

/// A line of fields with `|` between them, as the scripts that orchd replaces wrote and read them.
///
/// They had no way to put a `|` or a line feed into a field. Here `\|`, `\n`, `\r` and `\\` stand for them, and `\u{1B}` for what
/// would steer a terminal, so that any text survives. A backslash before anything else is one, as it was in the old files.
public enum LegacyLine {
    /// The line for fields, without a line feed.
    public static func text(_ fields: [String]) -> String { fields.map(escaped).joined(separator: "|") }

    /// The fields of a line; at least one.
    public static func fields(_ line: some StringProtocol) -> [String] {
        var fields = [String.UnicodeScalarView()]
        var rest = Substring(line).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "|": fields.append(String.UnicodeScalarView())
            case "\\": fields[fields.endIndex - 1].append(unescaped(&rest) ?? scalar)
            default: fields[fields.endIndex - 1].append(scalar)
            }
        }
        return fields.map { String($0) }
    }

    /// What stands behind a backslash for which scalar.
    private static let escapes: KeyValuePairs<Unicode.Scalar, Unicode.Scalar> = ["|": "|", "\\": "\\", "n": "\n", "r": "\r"]

    private static func escaped(_ field: String) -> String {
        field.unicodeScalars.map { scalar in
            if let escape = escapes.first(where: { $0.value == scalar }) { return "\\\(escape.key)" }
            return scalar.isControl ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
        }.joined()
    }

    /// What stands after a backslash, taken away; nil, and nothing taken, if it is not an escape.
    private static func unescaped(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        let after = rest.dropFirst()
        if let escape = escapes.first(where: { $0.key == rest.first }) {
            rest = after
            return escape.value
        }
        guard rest.first == "u", after.first == "{" else { return nil }
        let digits = after.dropFirst().prefix(9).prefix { $0 != "}" }
        guard digits.endIndex < after.endIndex, after[digits.endIndex] == "}",
            let scalar = UInt32(String(digits), radix: 16).flatMap(Unicode.Scalar.init)
        else { return nil }
        rest = after[after.index(after: digits.endIndex)...]
        return scalar
    }
}

/// The id that a task had in an old queue file, kept in its key.
public enum LegacyID {
    /// In bytes: as long as the name of a task may be, which it becomes, too.
    public static let maximum = 200
    private static let prefix = "import:"

    /// The key of the task with this id; nil where no task could be named so.
    static func key(_ id: String) -> String? {
        let isPrintable = !id.hasControls
        return isPrintable && !id.isEmpty && id.utf8.count <= maximum ? prefix + id : nil
    }

    /// The old id that is in a key; nil for one of a task that was not imported.
    public static func id(ofKey key: String) -> String? {
        // By bytes: an id may begin with what combines with the prefix's last character.
        guard key.utf8.starts(with: prefix.utf8), key.utf8.count > prefix.utf8.count else { return nil }
        return String(Substring(key.utf8.dropFirst(prefix.utf8.count)))
    }
}

/// A finished task as the old scripts told of it: `task-id|worker-id|STATUS|timestamp|result-preview`.
public enum LegacyResult {
    /// How many characters (Unicode scalars) of a result are shown. One that is longer is cut there and ends in `…`, the only
    /// way for a preview to have one more.
    public static let previewLength = 200

    /// The line, with its line feed.
    public static func line(_ task: TaskRecord) -> String {
        LegacyLine.text([
            task.key.flatMap(LegacyID.id) ?? String(task.id), task.attempts.last?.worker ?? "",
            task.state == .succeeded ? "SUCCESS" : task.state.rawValue.uppercased(),
            task.finishedAt?.description ?? "", preview(task),
        ]) + "\n"
    }

    /// The beginning of its result; where there is none, how it ended.
    public static func preview(_ task: TaskRecord) -> String {
        let result = task.result?.text ?? ""
        let whole = task.state == .succeeded || !result.isEmpty ? result : task.reason ?? ""
        // A program ends its output with a line feed that is not part of the answer.
        let scalars = (whole.hasSuffix("\n") ? whole.dropLast() : whole[...]).unicodeScalars
        let isCut = scalars.index(scalars.startIndex, offsetBy: previewLength + 1, limitedBy: scalars.endIndex) != nil
        return isCut ? String(scalars.prefix(previewLength)) + "…" : String(scalars)
    }

    /// As much of a result as its preview needs.
    public static func head(of text: String) -> String { String(text.unicodeScalars.prefix(previewLength + 2)) }
}
