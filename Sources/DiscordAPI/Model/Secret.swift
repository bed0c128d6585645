/// A text that nobody may read who is not meant to: it has no description, and so no log, error or dump has it.
public struct Secret: Hashable, Sendable {
    let text: String

    public init(_ text: String) { self.text = text }

    /// For a store that nobody else can read.
    public var stored: String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Decodable {
    public init(from decoder: any Decoder) throws { text = try String(from: decoder) }
}

/// The token of a bot. Anybody who has it is the bot.
public struct BotToken: Hashable, Sendable {
    let secret: Secret

    /// From what a file holds, with the white space around it taken off. Nil for what cannot be a token: nothing, or what does not go into a
    /// header.
    public init?(_ text: some StringProtocol) {
        let inner = text.utf8.drop(while: Self.isSpace).reversed().drop(while: Self.isSpace).reversed()
        guard (1...512).contains(inner.count), inner.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        secret = Secret(String(decoding: inner, as: UTF8.self))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

extension BotToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
