/// What happens in Discord, in the order in which it does.
public enum GatewayEvent: Sendable {
    /// A new session. Whatever happened before it was not told: read what the channels have got since.
    case ready(Ready)
    /// The connection was lost, and everything since was told.
    case resumed
    /// A guild with all that is in it: after `ready`, when it is there again, or when the bot was invited.
    case guildCreated(Guild)
    case guildUpdated(Guild)
    /// It is not to be reached at the moment, or the bot was taken out of it.
    case guildDeleted(Snowflake, unavailable: Bool)
    case channelCreated(Channel)
    case channelUpdated(Channel)
    case channelDeleted(Channel)
    /// A new thread, or one that the bot was brought into.
    case threadCreated(Channel)
    case threadUpdated(Channel)
    case threadDeleted(Snowflake)
    case roleCreated(Role, guild: Snowflake)
    case roleUpdated(Role, guild: Snowflake)
    case roleDeleted(Snowflake, guild: Snowflake)
    case messageCreated(Message)
    case messageUpdated(MessageChange)
    case messagesDeleted([Snowflake], channel: Snowflake)
    case interaction(Interaction)
    /// What a bridge does not need, or could not read.
    case other(String)

    /// What a session begins with.
    public struct Ready: Hashable, Sendable {
        public var user: User
        public var applicationID: Snowflake
        /// The guilds that will be told about, each by `guildCreated`.
        public var guilds: [Snowflake] = []
    }
}

/// What a bot wants to hear of.
public struct Intents: OptionSet, Hashable, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Guilds, channels, threads and roles.
    public static let guilds = Self(rawValue: 1 << 0)
    public static let guildMessages = Self(rawValue: 1 << 9)
    /// What people write, also where they do not mention the bot. Somebody has to switch it on in Discord's developer portal.
    public static let messageContent = Self(rawValue: 1 << 15)
}

/// Why the gateway is given up: somebody has to do something.
public enum GatewayError: Error, Hashable, Sendable {
    /// 4004, or the token was not taken by the REST API.
    case unauthorized
    /// 4014: the intent to read messages is not switched on in Discord's developer portal.
    case intentsNotAllowed
    /// Another close code after which trying again is useless.
    case refused(code: Int)
    case cancelled
}

extension GatewayError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unauthorized: "Discord refuses the token: make a new one in its developer portal"
        case .intentsNotAllowed:
            "the bot may not read messages: switch on \"Message Content Intent\" in Discord's developer portal"
        case .refused(let code): "Discord's gateway refuses this program for good (close code \(code))"
        case .cancelled: "it was given up"
        }
    }
}

/// What the gateway has to remember over restarts, so that a program that starts again and again does not log in more often than Discord
/// allows, after which Discord takes the token away.
public protocol GatewayMemory: Sendable {
    /// When the last sessions were begun, in milliseconds since 1970, as they were kept.
    func starts() async -> [Int64]
    /// Keeps them before the next session is begun. Where this fails, none is.
    func keep(starts: [Int64]) async throws
}
