/// The requests to Discord that a bridge makes. Each waits for its turn by Discord's limits, and throws only what its caller has to decide about.
/// What is written mentions nobody, no matter who writes it: see `MessageDraft`.
public protocol DiscordREST: Sendable {
    // Messages

    /// Sends a message, once: where it is not clear whether the first try has arrived, it is looked for before another is made.
    func createMessage(
        _ draft: MessageDraft, in channel: Snowflake, nonce: Nonce, priority: SendPriority
    ) async throws(DiscordError) -> Message
    /// The message that an earlier run of this program may have sent, by its nonce or, where that is not told, by what it says. Look for it after a
    /// crash before sending it again: Discord forgets nonces after some minutes.
    /// - parameter since: when it was first tried, in milliseconds since 1970.
    func ownMessage(
        like draft: MessageDraft, nonce: Nonce, in channel: Snowflake, since: Int64
    ) async throws(DiscordError) -> Message?
    func editMessage(
        _ message: Snowflake, in channel: Snowflake, to draft: MessageDraft, priority: SendPriority
    ) async throws(DiscordError) -> Message
    /// Also when it is already gone.
    func deleteMessage(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError)
    func message(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError) -> Message
    /// What follows a message, the oldest first: at most 100.
    func messages(in channel: Snowflake, after message: Snowflake, limit: Int) async throws(DiscordError) -> [Message]
    /// The newest of all, or those before a message, the oldest first: at most 100.
    func messages(in channel: Snowflake, before message: Snowflake?, limit: Int) async throws(DiscordError) -> [Message]
    /// An emoji as people type it.
    func react(_ emoji: String, to message: Snowflake, in channel: Snowflake) async throws(DiscordError)
    /// Takes an own reaction away, also where there is none.
    func takeBackReaction(_ emoji: String, from message: Snowflake, in channel: Snowflake) async throws(DiscordError)
    func pin(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError)
    func unpin(_ message: Snowflake, in channel: Snowflake) async throws(DiscordError)

    // Places

    /// The thread of a message: a new one, or the one that it has. Its id is that of the message.
    func startThread(
        from message: Snowflake, in channel: Snowflake, name: String, archiveAfter: ThreadIdleTime
    ) async throws(DiscordError) -> Channel
    func channel(_ channel: Snowflake) async throws(DiscordError) -> Channel
    func createChannel(in guild: Snowflake, name: String, topic: String?) async throws(DiscordError) -> Channel
    func guild(_ guild: Snowflake) async throws(DiscordError) -> Guild
    func channels(of guild: Snowflake) async throws(DiscordError) -> [Channel]
    func roles(of guild: Snowflake) async throws(DiscordError) -> [Role]
    func member(_ user: Snowflake, of guild: Snowflake) async throws(DiscordError) -> Member

    // The bot itself

    func currentUser() async throws(DiscordError) -> User
    func application() async throws(DiscordError) -> Application
    /// What is listed is what a guild has from now on.
    func overwriteCommands(
        _ commands: [ApplicationCommand], of application: Snowflake, in guild: Snowflake
    ) async throws(DiscordError) -> [ApplicationCommand]
    func gateway() async throws(DiscordError) -> GatewayAddress

    // Interactions

    /// The first answer: within three seconds, else `notFound`.
    func respond(to interaction: Interaction, with response: InteractionResponse) async throws(DiscordError)
    /// What `respond` has sent or promised becomes this: within 15 minutes.
    func editOriginal(of interaction: Interaction, to draft: MessageDraft) async throws(DiscordError) -> Message
    /// One more message: within 15 minutes. It has no nonce, and so may be there twice after `unclear`.
    func followUp(_ interaction: Interaction, with draft: MessageDraft) async throws(DiscordError) -> Message

    // Files

    /// The bytes of a file: from Discord's own host only, without following it elsewhere, and never more than `bytes`.
    func download(_ attachment: Attachment, atMost bytes: Int) async throws(DiscordError) -> [UInt8]
}

/// Who goes first where not all may. Within one priority it is who came first.
public enum SendPriority: Int, Sendable, Comparable, CaseIterable {
    /// Somebody waits for it.
    case answer
    /// A card, a reaction, a state: it is looked at now and then.
    case card
    /// Lines of a log: their readers know that they are late.
    case log

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

/// After how many minutes without a message Discord puts a thread away.
public enum ThreadIdleTime: Int, Sendable { case hour = 60, day = 1440, threeDays = 4320, week = 10080 }

/// Where the gateway is, and how often the bot may still log in.
public struct GatewayAddress: Hashable, Sendable {
    public var url: String
    public var remaining: Int
    /// In how many milliseconds all starts are there again.
    public var resetAfter: Int64

    public init(url: String, remaining: Int, resetAfter: Int64) {
        self.url = url
        self.remaining = remaining
        self.resetAfter = resetAfter
    }
}
