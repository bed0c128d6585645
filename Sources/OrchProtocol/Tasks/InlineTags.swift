import Text

/// What a prompt says of itself at its beginning: `[model:x] [thinking:high] [pool:p] [needs:gpu,net] Write …`.
public struct InlineTags: Sendable, Equatable {
    public private(set) var model: String?
    public private(set) var thinking: String?
    public private(set) var pool: String?
    public private(set) var needs: [String] = []
    /// The prompt without them.
    public private(set) var rest: Substring

    private static let names: Set<String> = ["model", "thinking", "pool", "needs"]
    private static let maximumValue = 200

    /// Removes the tags up to the first thing that is not a tag, where the prompt begins.
    public init(_ prompt: String) {
        rest = prompt[...]
        while let tag = Self.first(of: rest), set(tag.name, tag.value) {
            rest = Substring(tag.rest.unicodeScalars.drop { $0.properties.isWhitespace })
        }
    }

    private mutating func set(_ name: String, _ value: String) -> Bool {
        switch name {
        case "model" where model == nil: model = value
        case "thinking" where thinking == nil: thinking = value
        case "pool" where pool == nil: pool = value
        case "needs": needs += value.parts(at: ",").filter { !$0.isEmpty }.map { $0[...].trimmed }
        default: return false
        }
        return true
    }

    private static func first(of text: Substring) -> (name: String, value: String, rest: Substring)? {
        guard text.utf8.first == UInt8(ascii: "[") else { return nil }
        let inner = text.unicodeScalars.dropFirst().prefix(maximumValue + 10)
        guard let close = inner.firstIndex(where: { $0 == "]" || $0.isControl }), inner[close] == "]",
            let (name, value) = Substring(inner[..<close]).cut(at: ":"), names.contains(name.trimmed), !value.trimmed.isEmpty
        else { return nil }
        return (name.trimmed, value.trimmed, text[text.unicodeScalars.index(after: close)...])
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let start = unicodeScalars.drop { $0 == " " }
        guard let end = start.lastIndex(where: { $0 != " " }) else { return "" }
        return String(start[...end])
    }
}
