import DiscordAPI

/// What `/etc/orchd/discord.toml` says; `docs/man/discord.toml.5` is its reference.
public struct BridgeConfiguration: Sendable, Equatable {
    /// A channel whose messages are tasks.
    public struct TaskChannel: Sendable, Equatable {
        public var id: Snowflake
        /// Where its tasks run that name no pool.
        public var pool = "default"
        /// Whether only what mentions the bot is a task.
        public var mention = true
        /// Of tasks for which none is given.
        public var priority = 0
        /// Whether a task that has not started goes with its message.
        public var deleteCancels = true
        /// How many messages from the time when the bridge was away become tasks without a question.
        public var catchUp = 20
        public var attachments = AttachmentRules()

        public init(id: Snowflake) { self.id = id }
    }

    public enum ResultFormat: String, Sendable, CaseIterable { case card, legacy }

    /// What stands below a message, by the state of its task.
    public struct Reactions: Sendable, Equatable {
        public var waiting = "📥"
        public var queued = "⏳"
        public var running = "▶️"
        public var paused = "⏸️"
        public var succeeded = "✅"
        public var failed = "❌"
        public var cancelled = "🚫"

        public init() {}
    }

    public var guild = Snowflake(0)
    /// Where the API is; another than Discord's only for tests.
    public var api = Self.discord
    public static let discord = "https://discord.com/api/v10"
    /// Where the files of messages are; another place than Discord's only for tests.
    public var files = "https://cdn.discordapp.com"
    /// Certificates to trust besides those of the system.
    public var caFile: String?
    /// Where the bot's token is; nil: the credential `discord-token` that systemd hands over.
    public var tokenFile: String?
    /// The daemon's socket; nil: where clients usually look.
    public var socket: String?
    public var channels: [TaskChannel] = []
    /// Where the ends of tasks are told.
    public var results: Snowflake?
    public var resultFormat = ResultFormat.card
    /// How many ends may wait to be told one by one; more than these are told in a summary.
    public var burst = 50
    /// Where a message says how the queue stands.
    public var statusPlaces: [Snowflake] = []
    /// Where news of workers and pools are told.
    public var workers: Snowflake?
    /// In how many messages an answer may come before it is a file.
    public var answerMessages = 3
    public var reactions = Reactions()
    public var authorizer = Authorizer()

    public init() {}

    /// Whether the token may go there.
    public static func isSafe(api: String) -> Bool {
        api.hasPrefix("https://") || api.hasPrefix("http://127.0.0.1:") || api.hasPrefix("http://127.0.0.1/")
    }

    public func channel(_ id: Snowflake) -> TaskChannel? { channels.first { $0.id == id } }

    /// Every channel that the bridge writes to.
    public var places: [Snowflake] { channels.map(\.id) + [results, workers].compactMap(\.self) + statusPlaces }
}
