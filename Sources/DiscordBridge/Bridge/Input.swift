import DiscordAPI
import OrchClient
import OrchProtocol

/// What happens to the bridge.
public enum Input: Sendable {
    case daemon([Follow.Update])
    /// A session at Discord's gateway. What happened before a new one has to be read; a resumed one has missed nothing.
    case session(isNew: Bool)
    case message(ChatMessage)
    /// The text of a message is another now.
    case edited(ChatMessage)
    case deleted([Snowflake])
    /// The open threads of the guild, each with its latest message.
    case threads([Snowflake: Snowflake])
    case invoked(Invocation)
    /// What has come of an effect.
    case answered(Work, Answer)
    /// Time has passed.
    case tick
}

/// What is done for the bridge outside of it, one at a time for each.
public enum Work: Sendable, Hashable {
    /// Makes a task of a message.
    case submit(Snowflake)
    /// Asks how a task stands.
    case fetch(Int64)
    /// Cancels a task whose message is gone.
    case withdraw(Int64)
    /// Changes the task of a message that was edited.
    case amend(Snowflake)
    /// Finds out whether the daemon has made a task of a message.
    case verify(Snowflake)
    /// Reads what a channel has got since.
    case read(Snowflake)
    case thread(Int64)
    /// Puts a reaction below a message.
    case reaction(Snowflake)
    /// Sends a message, edits it, or looks whether it was sent.
    case post(Int64)
    /// Asks how the queue stands.
    case survey
    case pin(Int64)
    /// Removes a message in whose place there is another.
    case remove(Int64)
    /// The steps of an interaction.
    case acknowledge(Snowflake)
    case carryOut(Snowflake)
    case tell(Snowflake)
    case register
    case catalogue
    /// Reads a log that is followed.
    case log(Int64)

    var isForDaemon: Bool {
        switch self {
        case .submit, .fetch, .withdraw, .amend, .verify, .carryOut, .catalogue, .log, .survey: true
        case .read, .thread, .reaction, .post, .acknowledge, .tell, .register, .pin, .remove: false
        }
    }
}

/// What has come of it.
public enum Answer: Sendable {
    case done
    /// The message that was made.
    case made(Snowflake)
    case task(Int64)
    case status(DaemonStatus)
    /// nil: the daemon does not know it any more. `ended` are those of its questions that were asked for and are not open any more.
    case record(TaskRecord?, ended: [QuestionRecord] = [])
    /// What an order has come to, for who gave it.
    case told(Content)
    case agents([AgentRecord])
    case log(LogPiece)
    /// What came after a message, the oldest first; the last page is not full.
    case page([ChatMessage], isLast: Bool)
    /// The bot's own messages since then.
    case seen([Seen])
    /// The files of a message could not be had now: why.
    case unfetched(String)
    /// It did not happen and never will: why.
    case impossible(String)
    /// It may have happened.
    case unclear
    /// It did not happen, and may later: after this number of milliseconds at the earliest.
    case later(Int64)
}

/// A message of the bot's, as it is in a channel.
public struct Seen: Sendable, Equatable {
    public var id: Snowflake
    /// See ``Content/mark``.
    public var mark: String

    public init(id: Snowflake, mark: String) {
        self.id = id
        self.mark = mark
    }
}
