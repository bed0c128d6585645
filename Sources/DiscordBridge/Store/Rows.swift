import DiscordAPI

/// Where a message is on its way to a task.
public enum RequestState: String, Sendable {
    /// From the time when the bridge was away, and more than become tasks without a question.
    case late
    /// It may have been submitted long ago, and nobody knows any more: a person has to say.
    case unsure
    /// To be submitted.
    case new
    /// It is a task.
    case task
    /// It never will be: not allowed, or the daemon does not take it.
    case refused
    /// Its author has taken it back in time.
    case withdrawn
}

public enum ThreadState: String, Sendable {
    case wanted, open
    /// There can be none: what would be in it goes to the channel.
    case impossible
}

public enum PostKind: String, Sendable {
    /// In the thread: where the task stands.
    case card
    case answer
    /// Also in the thread: what it writes, where somebody follows that.
    case log
    /// In the channel for results.
    case end
    case summary
    /// Why a message is not a task.
    case refusal
    /// What to do with old messages.
    case question
    /// In the thread, too: what the task asks, and what has come of it.
    case ask
    /// How the queue stands.
    case status
    /// What has happened to workers, pools and the daemon.
    case news
    /// Why an edit does not reach the task.
    case notice
}

public enum PostState: String, Sendable {
    case wanted
    /// On its way: whether it has arrived is not known until the answer.
    case sending
    case shown
    /// It cannot be shown, or somebody has removed it.
    case gone
    /// Told in a summary.
    case merged
}

/// A message that was for the bridge.
public struct RequestRow: Sendable, Equatable {
    public var message: Snowflake
    public var channel: Snowflake
    public var author: Snowflake
    public var authorName: String
    public var madeAt: Int64
    public var state: RequestState
    /// What the daemon has been given or will be, until the task has started.
    public var spec: String?
    public var task: Int64?
    /// What the message says by now, where that is something else.
    public var edit: String?
    /// When the daemon was asked first, in milliseconds since 1970; from then on there may be a task.
    public var orderedAt: Int64?
    /// The tasks that it follows up, the nearest last.
    public var follows: [Int64] = []
    /// Whether it has files, which are fetched when it is submitted.
    public var hasFiles = false
    /// Its files, where it stands for a command that had some.
    public var given: [Attachment]?
}

public struct TaskRow: Sendable, Equatable {
    public var id: Int64
    public var message: Snowflake
    public var changed: Int64
    public var state: String
    public var pool: String
    public var priority: Int
    public var title: String
    public var ended: Bool
    /// Which end was shown: when it was, by the daemon's clock.
    public var finishedAt: Int64?
    public var round: Int64
    public var thread: ThreadState
}

public struct PostRow: Sendable, Equatable {
    public var id: Int64
    public var kind: PostKind
    public var subject: Int64
    public var place: Snowflake
    public var content: String
    public var sent: String?
    public var state: PostState
    public var message: Snowflake?
    public var since: Int64
    /// Grows when the post must be sent again.
    public var edition: Int64
}
