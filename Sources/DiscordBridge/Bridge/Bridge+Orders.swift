import DiscordAPI
import OrchProtocol

/// Messages on their way to the daemon.
extension Bridge {
    private static let orders = 32
    /// For how long the daemon surely knows what it has been given, whatever it keeps, in milliseconds.
    private static let certainty: Int64 = 600_000
    /// How often the files of a message are fetched in vain before it is refused: for some minutes.
    static let fetches = 8

    /// Submits what must be submitted, and changes what has been edited since. That it is asked is written down before it is asked. What may
    /// have been asked long ago is looked for first: the daemon keeps the key of a task only as long as the task.
    mutating func order(_ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        var effects: [Effect] = []
        for request in try store.requests(.new, limit: Self.orders) {
            if let orderedAt = request.orderedAt, now - orderedAt > Self.certainty {
                guard !desk.isBusy(.submit(request.message)), desk.start(.verify(request.message), now) else { continue }
                effects.append(.verify(request.message, orderedAt: orderedAt, witness: try store.witness(before: orderedAt)))
                continue
            }
            // One message with files at a time: they are in memory meanwhile.
            guard !request.hasFiles || messageWithFiles == nil, desk.start(.submit(request.message), now) else { continue }
            try store.order(request.message, at: now)
            var files: FileWish?
            if request.hasFiles, let settings = try settings(of: request.channel, store) {
                messageWithFiles = request.message
                files = FileWish(channel: request.channel, rules: settings.attachments, given: request.given)
            }
            effects.append(
                .submit(request.message, spec: request.spec ?? "{}", follows: request.follows.last, files: files))
        }
        for request in try store.editedRequests(limit: Self.orders) {
            guard let edit = request.edit, let task = request.task, desk.start(.amend(request.message), now) else { continue }
            amendments[request.message] = edit
            effects.append(.amend(request.message, task: task, spec: edit))
        }
        return effects
    }

    /// What the daemon knows of a message that may have been submitted before.
    mutating func verified(_ message: Snowflake, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        guard let row = try store.request(message), row.state == .new else { return }
        switch answer {
        case .task: try submitted(message, answer, now, store)
        case .done: try store.forgetOrder(of: message)
        default: try askAboutUnsure(row, store)
        }
    }
}
