/// A card in a message.
public struct Embed: Hashable, Sendable, Codable {
    public struct Field: Hashable, Sendable, Codable {
        public var name: String
        public var value: String
        public var inline: Bool

        public init(_ name: String, _ value: String, inline: Bool = false) {
            self.name = name
            self.value = value
            self.inline = inline
        }

        private enum CodingKeys: CodingKey { case name, value, inline }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            value = try container.decode(String.self, forKey: .value)
            inline = container.lenient(.inline) ?? false
        }
    }

    public struct Footer: Hashable, Sendable, Codable {
        public var text: String

        public init(_ text: String) { self.text = text }
    }

    public var title: String?
    public var description: String?
    public var url: String?
    /// 0xRRGGBB.
    public var color: Int?
    /// ISO 8601. Discord writes it in another way than it was given.
    public var timestamp: String?
    public var fields: [Field]
    public var footer: Footer?

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

    private enum CodingKeys: String, CodingKey { case title, description, url, color, timestamp, fields, footer }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        title = container.lenient(.title)
        description = container.lenient(.description)
        url = container.lenient(.url)
        color = container.lenient(.color)
        timestamp = container.lenient(.timestamp)
        fields = try container.list(.fields)
        footer = container.lenient(.footer)
    }
}

/// How much goes into a message, in code points. What is longer is refused as a whole.
public enum MessageLimits {
    public static let content = 2000
    public static let embeds = 10
    /// All texts of all embeds of a message together.
    public static let embedTexts = 6000
    public static let embedTitle = 256
    public static let embedDescription = 4096
    public static let embedFields = 25
    public static let fieldName = 256
    public static let fieldValue = 1024
    public static let footer = 2048
    public static let rows = 5
    public static let buttonsInRow = 5
    public static let buttonLabel = 80
    public static let customID = 100
    public static let modalTitle = 45
    public static let modalText = 4000
    public static let threadName = 100
    public static let choices = 25
    public static let choiceName = 100
    public static let files = 10
    public static let fileBytes = 10 << 20
    public static let requestBytes = 25 << 20
}
