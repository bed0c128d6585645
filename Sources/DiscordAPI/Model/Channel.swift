/// A channel of a guild, a thread, or a conversation with one user.
public struct Channel: Hashable, Sendable, Codable {
    /// What a channel is. There are kinds that this program does not know.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let text = Self(rawValue: 0)
    }

    /// What only a thread has.
    public struct Thread: Hashable, Sendable, Codable {
        @Lenient public var archived = false
        @Lenient public var locked = false
    }

    public var id: Snowflake
    public var kind = Kind.text
    @Lenient public var guildID: Snowflake?
    @Lenient public var name: String?
    @Lenient public var topic: String?
    /// The channel that a thread hangs on, or the category of a channel.
    @Lenient public var parentID: Snowflake?
    /// Who made a thread.
    @Lenient public var ownerID: Snowflake?
    @Lenient public var lastMessageID: Snowflake?
    @Lenient public var thread: Thread?
    @Lenient public var overwrites: [PermissionOverwrite] = []

    private enum CodingKeys: String, CodingKey {
        case id, name, topic
        case kind = "type"
        case guildID = "guild_id"
        case parentID = "parent_id"
        case ownerID = "owner_id"
        case lastMessageID = "last_message_id"
        case thread = "thread_metadata"
        case overwrites = "permission_overwrites"
    }
}

/// A guild, which people call a server. The gateway brings it with its channels, threads and roles; without them while it is unavailable.
public struct Guild: Hashable, Sendable, Codable {
    public var id: Snowflake
    @Lenient public var name = ""
    @Lenient public var ownerID: Snowflake?
    @Lenient public var unavailable = false
    @Lenient public var channels: [Channel] = []
    /// The threads that are open.
    @Lenient public var threads: [Channel] = []
    @Lenient public var roles: [Role] = []

    private enum CodingKeys: String, CodingKey {
        case id, name, unavailable, channels, threads, roles
        case ownerID = "owner_id"
    }
}
