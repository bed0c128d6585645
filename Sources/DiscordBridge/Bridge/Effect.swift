import DiscordAPI
import OrchProtocol

/// What the bridge wants to have done, after the commit that says so. Each but the last is answered by ``Input/answered(_:_:)``.
public enum Effect: Sendable, Equatable {
    case submit(Snowflake, spec: String, follows: Int64?, files: FileWish?)
    /// `asking` are the numbers of its questions that are shown as open.
    case fetch(Int64, asking: [Int])
    case withdraw(Int64)
    /// Gives a queued task the prompt and the pool of this one.
    case amend(Snowflake, task: Int64, spec: String)
    /// Looks for the task of a message that may have been submitted long ago. If the daemon does not know it, it has made none, as long as
    /// it still knows the witness, or another task that has ended before.
    case verify(Snowflake, orderedAt: Int64, witness: Int64?)
    case read(channel: Snowflake, after: Snowflake)
    case openThread(task: Int64, name: String, message: Snowflake, channel: Snowflake)
    case react(message: Snowflake, channel: Snowflake, add: String, remove: [String])
    /// `nonce` is the same for each try, and no other message has it.
    case create(post: Int64, PostKind, place: Snowflake, Content, nonce: String)
    case edit(post: Int64, place: Snowflake, message: Snowflake, Content)
    case pin(post: Int64, place: Snowflake, message: Snowflake)
    case remove(post: Int64, place: Snowflake, message: Snowflake)
    /// Asks the daemon how the queue stands.
    case survey
    /// Looks for a message that may have been sent since then.
    case look(post: Int64, place: Snowflake, since: Snowflake)
    /// Tells Discord that an interaction was heard, and where its answer will be.
    case acknowledge(Ticket, Manner)
    /// Does at the daemon what a person asks for by an interaction, whose number is the key.
    case carryOut(Snowflake, Order, of: Snowflake)
    /// Shows the answer to an interaction.
    case tell(Ticket, Content)
    /// Looks for the answer to an interaction that may have been shown since then.
    case find(Snowflake, place: Snowflake, since: Snowflake)
    /// Reads what a task has written since then.
    case readLog(Int64, after: LogPlace)
    /// Tells the guild which commands there are.
    case register
    /// Asks which agents there are.
    case catalogue
    /// Answers an interaction at once. Nobody hears what has come of it.
    case respond(Ticket, Reply)

    public var work: Work? {
        switch self {
        case .submit(let message, _, _, _): .submit(message)
        case .amend(let message, _, _): .amend(message)
        case .verify(let message, _, _): .verify(message)
        case .fetch(let task, _): .fetch(task)
        case .survey: .survey
        case .pin(let post, _, _): .pin(post)
        case .remove(let post, _, _): .remove(post)
        case .withdraw(let task): .withdraw(task)
        case .read(let channel, _): .read(channel)
        case .openThread(let task, _, _, _): .thread(task)
        case .react(let message, _, _, _): .reaction(message)
        case .create(let post, _, _, _, _), .edit(let post, _, _, _), .look(let post, _, _): .post(post)
        case .acknowledge(let ticket, _): .acknowledge(ticket.id)
        case .carryOut(let id, _, _): .carryOut(id)
        case .tell(let ticket, _): .tell(ticket.id)
        case .find(let id, _, _): .tell(id)
        case .readLog(let task, _): .log(task)
        case .register: .register
        case .catalogue: .catalogue
        case .respond: nil
        }
    }
}

/// The files of a message must be fetched.
public struct FileWish: Sendable, Equatable {
    /// Where the message is.
    public var channel: Snowflake
    public var rules: AttachmentRules
    /// The files themselves, where a command has brought them; nil: the message has them.
    public var given: [Attachment]?
}
