import OrchProtocol

/// What a prompt says of itself at its beginning: `[model:x] [thinking:high] [pool:p] [needs:gpu,net] Write …`.
struct InlineTags: Equatable {
    var model: String?
    var thinking: String?
    var pool: String?
    var needs: [String] = []
    /// The prompt without them.
    var rest: Substring

    private static let names: Set<String> = ["model", "thinking", "pool", "needs"]
    private static let maximumValue = 200

    /// Takes off the tags up to the first thing that is none, which is where the prompt begins.
    init(_ prompt: String) {
        rest = prompt[...]
        while let tag = Self.first(of: rest), set(tag.name, tag.value) {
            rest = tag.rest.drop { $0.isWhitespace }
        }
    }

    private mutating func set(_ name: String, _ value: String) -> Bool {
        switch name {
        case "model" where model == nil: model = value
        case "thinking" where thinking == nil: thinking = value
        case "pool" where pool == nil: pool = value
        case "needs": needs += value.split(separator: ",").map { $0.trimmed }
        default: return false
        }
        return true
    }

    private static func first(of text: Substring) -> (name: String, value: String, rest: Substring)? {
        guard text.first == "[" else { return nil }
        let inner = text.dropFirst().prefix(maximumValue + 10)
        guard let close = inner.firstIndex(where: { $0 == "]" || $0.isNewline }), inner[close] == "]" else { return nil }
        let parts = inner[..<close].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, names.contains(parts[0].trimmed) else { return nil }
        let value = parts[1].trimmed
        guard !value.isEmpty else { return nil }
        return (parts[0].trimmed, value, text[text.index(after: close)...])
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let start = drop { $0 == " " }
        guard let end = start.lastIndex(where: { $0 != " " }) else { return "" }
        return String(start[...end])
    }
}
