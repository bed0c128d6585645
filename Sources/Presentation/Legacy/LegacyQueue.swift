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
        let words = fields.map(trimmed)
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
                throw rejected("has \"\(SafeText.line(words[3].shortened(to: 40)))\" for thinking; it is one of \(known)")
            }
            item.thinking = level
        }
        return item
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
        let end = scalars.lastIndex { !$0.properties.isWhitespace }
        return end.map { String(scalars[...$0]) } ?? ""
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
