/// Names of variables: one, or with a `*` at its end all that begin so.
public struct NamePattern: Sendable, Hashable {
    public let text: String

    /// Nil where it is not such a pattern: a name has neither `=` nor controls, and a `*` stands only at its end, behind something.
    public init?(_ text: String) {
        let beginning = text.utf8.last == UInt8(ascii: "*") ? text.utf8.dropLast() : text.utf8[...]
        let isName = beginning.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "*") }
        guard !beginning.isEmpty, isName else { return nil }
        self.text = text
    }

    /// Whether a variable, `NAME` or `NAME=value`, is one of these.
    public func has(_ variable: ByteString) -> Bool {
        let name = variable.bytes.prefix { $0 != UInt8(ascii: "=") }
        return text.utf8.last == UInt8(ascii: "*") ? name.starts(with: text.utf8.dropLast()) : name.elementsEqual(text.utf8)
    }

    /// Whether there is a name that both have.
    public func overlaps(_ other: NamePattern) -> Bool {
        let (mine, others) = (beginning, other.beginning)
        return switch (isOpen, other.isOpen) {
        case (false, false): mine == others
        case (true, false): others.starts(with: mine)
        case (false, true): mine.starts(with: others)
        case (true, true): mine.starts(with: others) || others.starts(with: mine)
        }
    }

    private var isOpen: Bool { text.utf8.last == UInt8(ascii: "*") }
    private var beginning: [UInt8] { Array(isOpen ? text.utf8.dropLast() : text.utf8[...]) }
}
