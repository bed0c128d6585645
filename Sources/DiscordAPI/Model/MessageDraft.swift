/// What a message is to say: a new one, or what an old one is to become. Whatever its text names, nobody is called by it but the one person whom
/// the draft itself names: that is a part of the type, so that no caller can forget it, and an edit cannot bring it back.
public struct MessageDraft: Hashable, Sendable {
    /// In an edit, nil leaves what is there, and an empty list takes it away. So it is for all of these.
    public var content: String?
    public var embeds: [Embed]?
    public var components: [Component]?
    /// Which files an edit keeps; nil keeps all.
    public var kept: [Snowflake]?
    public var files: [OutgoingFile]
    /// The message that a new one answers. The new message is sent even if that one is gone.
    public var reply: Snowflake?
    public var flags: MessageFlags
    /// Who is told of it, where its text mentions them.
    public var calls: Snowflake?

    public init(
        content: String? = nil, embeds: [Embed]? = nil, components: [Component]? = nil, kept: [Snowflake]? = nil,
        files: [OutgoingFile] = [], reply: Snowflake? = nil, flags: MessageFlags = [], calls: Snowflake? = nil
    ) {
        self.content = content
        self.embeds = embeds
        self.components = components
        self.kept = kept
        self.files = files
        self.reply = reply
        self.flags = flags
        self.calls = calls
    }
}

/// A file that goes up with a message.
public struct OutgoingFile: Hashable, Sendable {
    public var name: String
    public var bytes: [UInt8]
    public var contentType: String

    public init(_ name: String, _ bytes: [UInt8], contentType: String = "application/octet-stream") {
        self.name = name
        self.bytes = bytes
        self.contentType = contentType
    }
}

/// How a message is shown.
public struct MessageFlags: OptionSet, Hashable, Sendable, Codable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Links in it get no preview.
    public static let suppressEmbeds = Self(rawValue: 1 << 2)
    /// Only who clicked sees it. In an answer to an interaction.
    public static let ephemeral = Self(rawValue: 1 << 6)
    /// It makes no sound and no notification.
    public static let silent = Self(rawValue: 1 << 12)
}

extension MessageDraft: Encodable {
    private enum CodingKeys: String, CodingKey {
        case content, embeds, components, attachments, flags, nonce
        case mentions = "allowed_mentions"
        case reference = "message_reference"
        case enforceNonce = "enforce_nonce"
    }

    public func encode(to encoder: any Encoder) throws { try encode(to: encoder, nonce: nil) }

    func encode(to encoder: any Encoder, nonce: Nonce?) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Mentions(users: calls.map { [$0] }), forKey: .mentions)
        try container.encodeIfPresent(content, forKey: .content)
        try container.encodeIfPresent(embeds, forKey: .embeds)
        try container.encodeIfPresent(components, forKey: .components)
        if !flags.isEmpty { try container.encode(flags, forKey: .flags) }
        if let reply {
            try container.encode(ReplyReference(message_id: reply), forKey: .reference)
        }
        if let nonce {
            try container.encode(nonce.text, forKey: .nonce)
            try container.encode(true, forKey: .enforceNonce)
        }
        if kept != nil || !files.isEmpty {
            let old = (kept ?? []).map { AttachmentEntry(id: $0.description, filename: nil) }
            let new = files.enumerated().map { AttachmentEntry(id: String($0.offset), filename: $0.element.name) }
            try container.encode(old + new, forKey: .attachments)
        }
    }

    private struct Mentions: Encodable {
        var parse: [String] = []
        var users: [Snowflake]?
    }

    private struct AttachmentEntry: Encodable {
        var id: String
        var filename: String?
    }

    private struct ReplyReference: Encodable {
        var message_id: Snowflake
        var fail_if_not_exists = false
    }
}

/// The mark of one message that must not be there twice. For some minutes Discord answers a second message of the same mark with the first.
public struct Nonce: Hashable, Sendable, CustomStringConvertible {
    /// At most 25 characters.
    public let text: String

    /// The same for the same parts, whenever it is made: of what the message is about, such as a task, an event, and the number of its piece.
    public init(of parts: String...) {
        var hash: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D  // FNV-1a
        for part in parts {
            for byte in part.utf8 { Self.take(byte, into: &hash) }
            // No byte of UTF-8: the parts "a", "b" are not the parts "ab", "".
            Self.take(0xFF, into: &hash)
        }
        // 120 of its bits, as 24 digits.
        text = String(hash >> 8, radix: 32)
    }

    /// One that was stored as `text`.
    public init?(_ text: String) {
        guard (1...25).contains(text.utf8.count) else { return nil }
        self.text = text
    }

    private static func take(_ byte: UInt8, into hash: inout UInt128) {
        hash = (hash ^ UInt128(byte)) &* 0x0000_0000_0100_0000_0000_0000_0000_013B
    }

    public var description: String { text }
}

extension Nonce: Decodable {
    /// One that somebody else has chosen may be a number.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let nonce = Self(try (try? container.decode(String.self)) ?? String(container.decode(Int64.self))) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "is longer than a nonce may be")
        }
        self = nonce
    }
}
