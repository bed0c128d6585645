/// A message in a channel.
public struct Message: Hashable, Sendable, Decodable {
    /// What a message is for: written by somebody, or by Discord itself about something that happened.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable, Blank {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let ordinary = Self(rawValue: 0)
        public static let reply = Self(rawValue: 19)
        public static let command = Self(rawValue: 20)

        public static let blank = ordinary
    }

    /// Which message another one answers.
    public struct Reference: Hashable, Sendable, Codable {
        public var messageID: Snowflake?
        public var channelID: Snowflake?

        private enum CodingKeys: String, CodingKey {
            case messageID = "message_id"
            case channelID = "channel_id"
        }
    }

    public var id: Snowflake
    public var channelID: Snowflake
    @Lenient public var guildID: Snowflake?
    public var author: User
    /// The author's roles. Only the gateway brings them.
    @Lenient public var member: Member?
    @Lenient public var kind = Kind.ordinary
    @Lenient public var content = ""
    @Lenient public var mentions: [User] = []
    @Lenient public var mentionedRoles: [Snowflake] = []
    @Lenient public var attachments: [Attachment] = []
    @Lenient public var embeds: [Embed] = []
    @Lenient public var components: [Component] = []
    @Lenient public var reference: Reference?
    /// The webhook that wrote it; nil for one of a user or bot.
    @Lenient public var webhookID: Snowflake?
    /// What the sender marked it with. Only for some minutes, and not in every answer.
    @Lenient public var nonce: Nonce?
    @Lenient public var pinned = false
    /// When it was last edited, as Discord writes times; nil for never.
    @Lenient public var editedAt: String?

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
}

/// What the gateway says of a message that has changed. Discord may leave out what has not.
public struct MessageChange: Hashable, Sendable, Decodable {
    public var id: Snowflake
    public var channelID: Snowflake
    @Lenient public var guildID: Snowflake?
    @Lenient public var author: User?
    @Lenient public var member: Member?
    /// Nil where the change is not about the text.
    @Lenient public var content: String?
    @Lenient public var attachments: [Attachment]?
    @Lenient public var webhookID: Snowflake?
    /// Nil where nobody has edited it: Discord has only added a preview, or pinned it.
    @Lenient public var editedAt: String?

    private enum CodingKeys: String, CodingKey {
        case id, author, member, content, attachments
        case channelID = "channel_id"
        case guildID = "guild_id"
        case webhookID = "webhook_id"
        case editedAt = "edited_timestamp"
    }
}

/// A file of a message. `RESTClient.download` fetches it.
public struct Attachment: Hashable, Sendable, Codable {
    public var id: Snowflake
    @Lenient public var filename = ""
    /// In bytes, as Discord says.
    @Lenient public var size = 0
    @Lenient public var url = ""
    @Lenient public var contentType: String?

    private enum CodingKeys: String, CodingKey {
        case id, filename, size, url
        case contentType = "content_type"
    }
}
