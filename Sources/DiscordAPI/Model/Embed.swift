/// A card in a message.
public struct Embed: Hashable, Sendable, Codable {
    public struct Field: Hashable, Sendable, Codable {
        public var name: String
        public var value: String
        @Lenient public var inline: Bool

        public init(_ name: String, _ value: String, inline: Bool = false) {
            self.name = name
            self.value = value
            self.inline = inline
        }
    }

    public struct Footer: Hashable, Sendable, Codable {
        public var text: String

        public init(_ text: String) { self.text = text }
    }

    @Lenient public var title: String?
    @Lenient public var description: String?
    @Lenient public var url: String?
    /// 0xRRGGBB.
    @Lenient public var color: Int?
    /// ISO 8601. Discord writes it in another way than it was given.
    @Lenient public var timestamp: String?
    @Lenient public var fields: [Field]
    @Lenient public var footer: Footer?

    public init(
        title: String? = nil, description: String? = nil, url: String? = nil, color: Int? = nil, timestamp: String? = nil,
        fields: [Field] = [], footer: Footer? = nil
    ) {
        self.title = title
        self.description = description
        self.url = url
        self.color = color
        self.timestamp = timestamp
        self.fields = fields
        self.footer = footer
    }
}

/// How much goes into a message, in code points. What is longer is refused as a whole.
public enum MessageLimits {
    public static let content = 2000
    public static let embeds = 10
    public static let footer = 2048
    public static let rows = 5
    public static let buttons = 25
    public static let customID = 100
    public static let modalText = 4000
    public static let threadName = 100
    public static let choices = 25
    public static let files = 10
    public static let fileBytes = 10 << 20
    public static let requestBytes = 25 << 20
}
