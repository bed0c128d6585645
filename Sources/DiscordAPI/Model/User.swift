/// A person or a bot.
public struct User: Hashable, Sendable, Codable {
    public var id: Snowflake
    public var username: String
    /// The name that people see instead of `username`, where one was chosen.
    public var globalName: String?
    public var isBot: Bool

    public init(id: Snowflake, username: String, globalName: String? = nil, isBot: Bool = false) {
        self.id = id
        self.username = username
        self.globalName = globalName
        self.isBot = isBot
    }

    private enum CodingKeys: String, CodingKey {
        case id, username
        case globalName = "global_name"
        case isBot = "bot"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(Snowflake.self, forKey: .id)
        username = container.lenient(.username) ?? ""
        globalName = container.lenient(.globalName)
        isBot = container.lenient(.isBot) ?? false
    }
}

/// A user in a guild. A message brings it without the user, who is beside it there.
public struct Member: Hashable, Sendable, Codable {
    public var user: User?
    public var nick: String?
    public var roles: [Snowflake]
    /// What the member may do in the channel that an interaction came from; nil elsewhere.
    public var permissions: Permissions?

    public init(user: User? = nil, nick: String? = nil, roles: [Snowflake] = [], permissions: Permissions? = nil) {
        self.user = user
        self.nick = nick
        self.roles = roles
        self.permissions = permissions
    }

    private enum CodingKeys: String, CodingKey { case user, nick, roles, permissions }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        user = container.lenient(.user)
        nick = container.lenient(.nick)
        roles = try container.list(.roles)
        permissions = container.lenient(.permissions)
    }
}
