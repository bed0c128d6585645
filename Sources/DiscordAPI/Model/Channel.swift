/// A channel of a guild, a thread, or a conversation with one user.
public struct Channel: Hashable, Sendable, Codable {
    /// What a channel is. There are kinds that this program does not know.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        public static let text = Self(rawValue: 0)
        public static let direct = Self(rawValue: 1)
        public static let category = Self(rawValue: 4)
        public static let announcement = Self(rawValue: 5)
        public static let announcementThread = Self(rawValue: 10)
        public static let publicThread = Self(rawValue: 11)
        public static let privateThread = Self(rawValue: 12)
        public static let forum = Self(rawValue: 15)

        public var isThread: Bool { (10...12).contains(rawValue) }
    }

    /// What only a thread has.
    public struct Thread: Hashable, Sendable, Codable {
        public var archived: Bool
        public var locked: Bool

        public init(archived: Bool = false, locked: Bool = false) {
            self.archived = archived
            self.locked = locked
        }

        private enum CodingKeys: String, CodingKey { case archived, locked }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            archived = container.lenient(.archived) ?? false
            locked = container.lenient(.locked) ?? false
        }
    }

    public var id: Snowflake
    public var kind: Kind
    public var guildID: Snowflake?
    public var name: String?
    public var topic: String?
    /// The channel that a thread hangs on, or the category of a channel.
    public var parentID: Snowflake?
    /// Who made a thread.
    public var ownerID: Snowflake?
    public var lastMessageID: Snowflake?
    public var thread: Thread?
    public var overwrites: [PermissionOverwrite]

    public init(
        id: Snowflake, kind: Kind = .text, guildID: Snowflake? = nil, name: String? = nil, topic: String? = nil,
        parentID: Snowflake? = nil, ownerID: Snowflake? = nil, lastMessageID: Snowflake? = nil, thread: Thread? = nil,
        overwrites: [PermissionOverwrite] = []
    ) {
        self.id = id
        self.kind = kind
        self.guildID = guildID
        self.name = name
        self.topic = topic
        self.parentID = parentID
        self.ownerID = ownerID
        self.lastMessageID = lastMessageID
        self.thread = thread
        self.overwrites = overwrites
    }

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

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        kind = try container.decode(Kind.self, forKey: .kind)
        guildID = container.lenient(.guildID)
        name = container.lenient(.name)
        topic = container.lenient(.topic)
        parentID = container.lenient(.parentID)
        ownerID = container.lenient(.ownerID)
        lastMessageID = container.lenient(.lastMessageID)
        thread = container.lenient(.thread)
        overwrites = try container.list(.overwrites)
    }
}

/// A guild, which people call a server. The gateway brings it with its channels, threads and roles; without them while it is unavailable.
public struct Guild: Hashable, Sendable, Codable {
    public var id: Snowflake
    public var name: String
    public var ownerID: Snowflake?
    public var unavailable: Bool
    public var channels: [Channel]
    /// The threads that are open.
    public var threads: [Channel]
    public var roles: [Role]

    public init(
        id: Snowflake, name: String = "", ownerID: Snowflake? = nil, unavailable: Bool = false, channels: [Channel] = [],
        threads: [Channel] = [], roles: [Role] = []
    ) {
        self.id = id
        self.name = name
        self.ownerID = ownerID
        self.unavailable = unavailable
        self.channels = channels
        self.threads = threads
        self.roles = roles
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, unavailable, channels, threads, roles
        case ownerID = "owner_id"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        name = container.lenient(.name) ?? ""
        ownerID = container.lenient(.ownerID)
        unavailable = container.lenient(.unavailable) ?? false
        channels = try container.list(.channels)
        threads = try container.list(.threads)
        roles = try container.list(.roles)
    }
}
