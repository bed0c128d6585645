import DiscordAPI
import OrchProtocol

/// Where a message is, and what it continues.
extension Bridge {
    struct Context {
        /// Of its channel; in a thread, with the pool of the task before.
        var settings: BridgeConfiguration.TaskChannel
        /// Whether it answers something that the bridge has said about a task.
        var isAnswer = false
        /// The tasks that it follows up, the nearest last.
        var follows: [Int64] = []
    }

    /// How many tasks of a conversation are named.
    private static let chain = 12

    /// - Returns: nil for a message that is neither in a task channel nor in the thread of a task.
    func context(of message: ChatMessage, _ store: BridgeTransaction) throws -> Context? {
        if let settings = configuration.channel(message.channel) { return Context(settings: settings) }
        guard var settings = try settings(of: message.channel, store),
            let task = try store.task(toFollowIn: message.channel, answering: message.answers),
            let request = try store.request(task.message)
        else { return nil }
        if !task.pool.isEmpty { settings.pool = task.pool }
        let isAnswer = try message.answers.map { try store.isKnown(message: $0) } ?? false
        return Context(settings: settings, isAnswer: isAnswer, follows: (request.follows + [task.id]).suffix(Self.chain))
    }

    /// What is said of a task channel, or of the one that a thread hangs on.
    func settings(of channel: Snowflake, _ store: BridgeTransaction) throws -> BridgeConfiguration.TaskChannel? {
        if let settings = configuration.channel(channel) { return settings }
        return try store.request(channel).flatMap { configuration.channel($0.channel) }
    }
}
