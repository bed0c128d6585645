import DiscordAPI
import OrchProtocol

/// What the bridge wants to have done, after the commit that says so. Each but the last two is answered by ``Input/answered(_:_:)``.
public enum Effect: Sendable, Equatable {
    case submit(Snowflake, spec: String)
    case fetch(Int64)
    case withdraw(Int64)
    case read(channel: Snowflake, after: Snowflake)
    case openThread(task: Int64, name: String, message: Snowflake, channel: Snowflake)
    case react(message: Snowflake, channel: Snowflake, add: String, remove: [String])
    /// `nonce` is the same for each try, and no other message has it.
    case create(post: Int64, place: Snowflake, Content, nonce: String)
    case edit(post: Int64, place: Snowflake, message: Snowflake, Content)
    /// Looks for a message that may have been sent since then.
    case look(post: Int64, place: Snowflake, since: Snowflake)
    /// Does at the daemon what a click asks for, and answers the click.
    case act(Click, Action)
    /// Answers a click: only who has clicked sees it.
    case reply(Click, String)

    public enum Action: Sendable, Equatable {
        case stop(Int64)
        case retry(Int64)
        case raise(Int64, to: Int)
        case logs(Int64)
    }

    public var work: Work? {
        switch self {
        case .submit(let message, _): .submit(message)
        case .fetch(let task): .fetch(task)
        case .withdraw(let task): .withdraw(task)
        case .read(let channel, _): .read(channel)
        case .openThread(let task, _, _, _): .thread(task)
        case .react(let message, _, _, _): .reaction(message)
        case .create(let post, _, _, _), .edit(let post, _, _, _), .look(let post, _, _): .post(post)
        case .act, .reply: nil
        }
    }
}
