import DiscordAPI

/// A message as the bridge needs it: from the gateway, or read later.
public struct ChatMessage: Sendable, Equatable {
    public var id: Snowflake
    public var channel: Snowflake
    public var author: Person
    public var content: String
    /// Whether it names the bot by a mention.
    public var mentionsBot: Bool
    /// Whether a person has typed it: no news of Discord's, such as that somebody has joined.
    public var isOrdinary: Bool
    /// The message that it answers.
    public var answers: Snowflake?
    public var attachments: [Attachment]

    public init(
        id: Snowflake, channel: Snowflake, author: Person, content: String, mentionsBot: Bool = false,
        isOrdinary: Bool = true, answers: Snowflake? = nil, attachments: [Attachment] = []
    ) {
        self.id = id
        self.channel = channel
        self.author = author
        self.content = content
        self.mentionsBot = mentionsBot
        self.isOrdinary = isOrdinary
        self.answers = answers
        self.attachments = attachments
    }
}
