/// A message in a channel.
public struct Message: Hashable, Sendable, Codable {
    /// What a message is for: written by somebody, or by Discord itself about something that happened.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let ordinary = Self(rawValue: 0)
        public static let reply = Self(rawValue: 19)
        public static let command = Self(rawValue: 20)
    }

    /// Which message another one answers.
    public struct Reference: Hashable, Sendable, Codable {
        public var messageID: Snowflake?
        public var channelID: Snowflake?

        public init(messageID: Snowflake?, channelID: Snowflake? = nil) {
            self.messageID = messageID
            self.channelID = channelID
        }

        private enum CodingKeys: String, CodingKey {
            case messageID = "message_id"
            case channelID = "channel_id"
        }
    }

    public var id: Snowflake
    public var channelID: Snowflake
    public var guildID: Snowflake?
    public var author: User
    /// The author's roles. Only the gateway brings them.
    public var member: Member?
    public var kind: Kind
    public var content: String
    public var mentions: [User]
    public var mentionedRoles: [Snowflake]
    public var attachments: [Attachment]
    public var embeds: [Embed]
    public var components: [Component]
    public var reference: Reference?
    /// The webhook that wrote it; nil for one of a user or bot.
    public var webhookID: Snowflake?
    /// What the sender marked it with. Only for some minutes, and not in every answer.
    public var nonce: String?
    public var pinned: Bool
    /// When it was last edited, as Discord writes times; nil for never.
    public var editedAt: String?

    public init(
        id: Snowflake, channelID: Snowflake, guildID: Snowflake? = nil, author: User, member: Member? = nil,
        kind: Kind = .ordinary, content: String = "", mentions: [User] = [], mentionedRoles: [Snowflake] = [],
        attachments: [Attachment] = [], embeds: [Embed] = [], components: [Component] = [], reference: Reference? = nil,
        webhookID: Snowflake? = nil, nonce: String? = nil, pinned: Bool = false, editedAt: String? = nil
    ) {
        self.id = id
        self.channelID = channelID
        self.guildID = guildID
        self.author = author
        self.member = member
        self.kind = kind
        self.content = content
        self.mentions = mentions
        self.mentionedRoles = mentionedRoles
        self.attachments = attachments
        self.embeds = embeds
        self.components = components
        self.reference = reference
        self.webhookID = webhookID
        self.nonce = nonce
        self.pinned = pinned
        self.editedAt = editedAt
    }

    private enum CodingKeys: String, CodingKey {
        case id, author, member, content, mentions, attachments, embeds, components, nonce, pinned
        case channelID = "channel_id"
        case guildID = "guild_id"
        case kind = "type"
        case mentionedRoles = "mention_roles"
        case reference = "message_reference"
        case webhookID = "webhook_id"
        case editedAt = "edited_timestamp"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        channelID = try container.decode(Snowflake.self, forKey: .channelID)
        guildID = container.lenient(.guildID)
        author = try container.decode(User.self, forKey: .author)
        member = container.lenient(.member)
        kind = container.lenient(.kind) ?? .ordinary
        content = container.lenient(.content) ?? ""
        mentions = try container.list(.mentions)
        mentionedRoles = try container.list(.mentionedRoles)
        attachments = try container.list(.attachments)
        embeds = try container.list(.embeds)
        components = try container.list(.components)
        reference = container.lenient(.reference)
        webhookID = container.lenient(.webhookID)
        // It may be a number, too.
        nonce = container.lenient(.nonce) ?? container.lenient(.nonce).map { (number: Int64) in String(number) }
        pinned = container.lenient(.pinned) ?? false
        editedAt = container.lenient(.editedAt)
    }
}

/// What the gateway says of a message that has changed. Discord may leave out what has not.
public struct MessageChange: Hashable, Sendable, Decodable {
    public var id: Snowflake
    public var channelID: Snowflake
    public var guildID: Snowflake?
    public var author: User?
    public var member: Member?
    /// Nil where the change is not about the text.
    public var content: String?
    public var attachments: [Attachment]?
    public var webhookID: Snowflake?
    /// Nil where nobody has edited it: Discord has only added a preview, or pinned it.
    public var editedAt: String?

    public init(
        id: Snowflake, channelID: Snowflake, guildID: Snowflake? = nil, author: User? = nil, member: Member? = nil,
        content: String? = nil, attachments: [Attachment]? = nil, webhookID: Snowflake? = nil, editedAt: String? = nil
    ) {
        self.id = id
        self.channelID = channelID
        self.guildID = guildID
        self.author = author
        self.member = member
        self.content = content
        self.attachments = attachments
        self.webhookID = webhookID
        self.editedAt = editedAt
    }

    private enum CodingKeys: String, CodingKey {
        case id, author, member, content, attachments
        case channelID = "channel_id"
        case guildID = "guild_id"
        case webhookID = "webhook_id"
        case editedAt = "edited_timestamp"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        channelID = try container.decode(Snowflake.self, forKey: .channelID)
        guildID = container.lenient(.guildID)
        author = container.lenient(.author)
        member = container.lenient(.member)
        content = container.lenient(.content)
        attachments = container.contains(.attachments) ? try container.list(.attachments) : nil
        webhookID = container.lenient(.webhookID)
        editedAt = container.lenient(.editedAt)
    }
}

/// A file of a message. `DiscordREST.download` fetches it.
public struct Attachment: Hashable, Sendable, Codable {
    public var id: Snowflake
    public var filename: String
    /// In bytes, as Discord says.
    public var size: Int
    public var url: String
    public var contentType: String?

    public init(id: Snowflake, filename: String, size: Int, url: String, contentType: String? = nil) {
        self.id = id
        self.filename = filename
        self.size = size
        self.url = url
        self.contentType = contentType
    }

    private enum CodingKeys: String, CodingKey {
        case id, filename, size, url
        case contentType = "content_type"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        filename = container.lenient(.filename) ?? ""
        size = container.lenient(.size) ?? 0
        url = container.lenient(.url) ?? ""
        contentType = container.lenient(.contentType)
    }
}
