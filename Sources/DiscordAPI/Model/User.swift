/// A person or a bot.
public struct User: Hashable, Sendable, Codable {
    public var id: Snowflake
    @Lenient public var username = ""
    /// The name that people see instead of `username`, where one was chosen.
    @Lenient public var globalName: String?
    @Lenient public var isBot = false

    private enum CodingKeys: String, CodingKey {
        case id, username
        case globalName = "global_name"
        case isBot = "bot"
    }
}

/// A user in a guild. A message brings it without the user, who is beside it there.
public struct Member: Hashable, Sendable, Codable {
    @Lenient public var user: User?
    @Lenient public var nick: String?
    @Lenient public var roles: [Snowflake] = []
    /// What the member may do in the channel that an interaction came from; nil elsewhere.
    @Lenient public var permissions: Permissions?

    /// Somebody of whom nothing is known, and who so has no role.
    public static let unknown = Member()
}
