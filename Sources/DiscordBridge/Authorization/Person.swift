import DiscordAPI

/// Who has written or clicked, as Discord itself says. What a person can choose, such as a name, decides nothing.
public struct Person: Sendable, Hashable, Codable {
    /// What kind of account it is.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case human, bot, webhook
        /// The bridge itself.
        case own
    }

    public var id: Snowflake
    public var kind: Kind
    /// For people to read; anybody may choose any.
    public var name: String
    public var roles: Set<Snowflake>

    public init(id: Snowflake, kind: Kind = .human, name: String, roles: Set<Snowflake> = []) {
        self.id = id
        self.kind = kind
        self.name = name
        self.roles = roles
    }
}

/// What a person may be allowed to do.
public enum Verb: String, Sendable, CaseIterable, Codable {
    /// Make tasks.
    case submit
    /// Look at tasks, pools and workers.
    case see
    /// Read what tasks have written.
    case logs
    /// Stop a task, or one that waits.
    case stop
    case retry
    /// Pause a task, and resume it.
    case pause
    /// Change the priority of a task that waits.
    case priority
    /// Answer what a task asks.
    case answer
    /// Pause and resume pools.
    case pool
    /// See what models have cost.
    case usage
}
