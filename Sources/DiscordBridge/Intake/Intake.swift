import DiscordAPI
import OrchProtocol
import Presentation
import Text

/// Turns a message into a task, or says why it is not one. It decides nothing about who may: that is the ``Authorizer``'s.
public struct Intake: Sendable {
    public enum Reading: Sendable, Equatable {
        /// Not for the bridge.
        case none
        /// For the bridge, and no task: why, as a sentence without subject and full stop.
        case faulty(String)
        case task(TaskSpec)
    }

    private let bot: Snowflake

    /// - Parameter bot: the bridge's own account.
    public init(bot: Snowflake) { self.bot = bot }

    /// - Parameters:
    ///   - channel: what is said of its channel, or of the channel that its thread hangs on.
    ///   - isAnswer: whether it answers a message of the bot's, and so is for the bot without a mention.
    ///   - tasks: that it follows up, the nearest last.
    public func read(
        _ message: ChatMessage, in channel: BridgeConfiguration.TaskChannel, isAnswer: Bool = false,
        following tasks: [Int64] = []
    ) -> Reading {
        guard message.isOrdinary, message.author.kind != .own, message.author.kind != .webhook, message.author.id != bot else {
            return .none
        }
        let (text, isAddressed) = withoutMention(message.content)
        guard !channel.mention || message.mentionsBot || isAddressed || isAnswer else { return .none }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            return message.content.isEmpty
                ? .faulty("has no text that the bot can read: mention the bot, or give it the intent MESSAGE CONTENT")
                : .faulty("has no text besides the mention")
        }
        guard !text.utf8.contains(0) else { return .faulty("has a NUL in its text") }
        if let complaint = channel.attachments.complaint(about: message.attachments) { return .faulty(complaint) }
        guard case .task(var spec) = spec(text, message, channel) else { return spec(text, message, channel) }
        if !tasks.isEmpty { spec.labels?["discord.follows"] = tasks.map(String.init).joined(separator: " ") }
        return .task(spec)
    }

    /// The key by which the daemon makes one task of a message, however often it is submitted.
    public static func key(_ message: Snowflake) -> String { "discord:\(message)" }

    /// A prompt on its own, as in a command or a form.
    ///
    /// - Parameter pool: where it is given apart from the prompt, which may name one in a tag.
    func read(prompt text: String, in channel: BridgeConfiguration.TaskChannel, pool: String? = nil) -> Reading {
        let tags = InlineTags(text)
        guard !text.utf8.contains(0), tags.rest.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            return .faulty("has a NUL, or nothing but tags")
        }
        var spec = TaskSpec(prompt: text)
        // Said by the bridge, so that no rule of the daemon's puts it where its author may not.
        spec.pool = pool ?? tags.pool ?? channel.pool
        spec.priority = channel.priority
        return .task(spec)
    }

    /// As whom the daemon knows a person in Discord: whose tasks these are, and who did what to them.
    public static func subject(_ person: Snowflake) -> String { subjects + person.description }

    static let subjects = "discord:"

    /// Notes who asks for a task, and where.
    func sign(_ spec: inout TaskSpec, by author: Person, in channel: Snowflake, message: Snowflake, key: String) {
        spec.key = key
        spec.subject = Self.subject(author.id)
        spec.labels = [
            "discord.user": author.id.description, "discord.name": Self.label(author.name),
            "discord.channel": channel.description, "discord.message": message.description,
        ]
    }

    private func spec(_ text: String, _ message: ChatMessage, _ channel: BridgeConfiguration.TaskChannel) -> Reading {
        var spec: TaskSpec
        if let line = Self.legacyLine(text) {
            do throws(LegacyQueue.Rejected) {
                spec = try LegacyQueue(Array(line.utf8)).items[0].spec(pool: nil)
            } catch {
                return .faulty(error.message)
            }
        } else {
            guard case .task(let read) = read(prompt: text, in: channel) else { return .faulty("has nothing but tags") }
            spec = read
        }
        spec.pool = spec.pool ?? channel.pool
        spec.priority = channel.priority
        sign(&spec, by: message.author, in: message.channel, message: message.id, key: Self.key(message.id))
        return .task(spec)
    }

    /// The text without the mention of the bot at its beginning or end, and whether there was one.
    private func withoutMention(_ content: String) -> (text: String, isAddressed: Bool) {
        let marks = ["<@\(bot)>", "<@!\(bot)>"]
        var scalars = Self.trimmed(content.unicodeScalars[...])
        var isAddressed = false
        for mark in marks.map({ Array($0.unicodeScalars) }) {
            if scalars.starts(with: mark) {
                scalars = Self.trimmed(scalars.dropFirst(mark.count))
                isAddressed = true
            } else if scalars.reversed().starts(with: mark.reversed()) {
                scalars = Self.trimmed(scalars.dropLast(mark.count))
                isAddressed = true
            }
        }
        return (String(String.UnicodeScalarView(scalars)), isAddressed)
    }

    private static func trimmed(_ scalars: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        let start = scalars.drop { $0.properties.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.properties.isWhitespace }) else { return start.prefix(0) }
        return start[...end]
    }

    /// The old `task-id|description|model|thinking`, where a message is one: all four fields on one line, and an id of one word.
    /// Fewer fields could as well be a sentence.
    private static func legacyLine(_ text: String) -> String? {
        guard !text.unicodeScalars.contains("\n") else { return nil }
        let fields = LegacyLine.fields(text)
        guard fields.count == 4, !fields[0].isEmpty, !fields[0].unicodeScalars.contains(where: { $0.properties.isWhitespace })
        else { return nil }
        return text
    }

    /// A name as the value of a label: on one line and short.
    private static func label(_ name: String) -> String { SafeText.line(name).shortened(to: 100) }
}
