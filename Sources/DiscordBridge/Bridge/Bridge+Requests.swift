import DiscordAPI
import FoundationEssentials
import OrchProtocol

/// Messages on their way to tasks.
extension Bridge {
    /// A message, at once or read later. The second time that it comes it is known.
    mutating func take(_ message: ChatMessage, isLate: Bool, _ now: Int64, _ store: BridgeTransaction) throws {
        guard try store.request(message.id) == nil, let context = try context(of: message, store) else { return }
        let channel = context.settings
        let reading = intake.read(message, in: channel, isAnswer: context.isAnswer, following: context.follows)
        let pool: String
        switch reading {
        case .none: return
        case .faulty: pool = channel.pool
        case .task(let spec): pool = spec.pool ?? channel.pool
        }
        let load = try store.load(of: message.author.id, since: now - 3_600_000)
        let verdict = configuration.authorizer.judge(.init(.submit, pool: pool, load: load), by: message.author)
        var row = RequestRow(
            message: message.id, channel: message.channel, author: message.author.id, authorName: message.author.name,
            madeAt: now, state: isLate ? .late : .new)
        switch (verdict, reading) {
        case (.ignored, _), (_, .none): return
        case (.denied(let reason), _): try refuse(&row, reason, configuration.reactions.cancelled, store)
        case (.allowed, .faulty(let reason)):
            try refuse(&row, "the message \(reason)", configuration.reactions.failed, store)
        case (.allowed, .task(let spec)):
            row.spec = try Self.text(spec)
            row.follows = context.follows
            row.hasFiles = !message.attachments.isEmpty
            guard try store.add(row) else { return }
            if !isDaemonThere { try store.want(reaction: configuration.reactions.waiting, below: row.message) }
        }
    }

    private func refuse(
        _ row: inout RequestRow, _ reason: String, _ reaction: String, _ store: BridgeTransaction
    ) throws {
        row.state = .refused
        guard try store.add(row) else { return }
        try refuse(row, reason, reaction, store)
    }

    func refuse(_ row: RequestRow, _ reason: String, _ reaction: String, _ store: BridgeTransaction) throws {
        try store.set(.refused, of: row.message)
        try store.want(reaction: reaction, below: row.message)
        try store.want(
            .refusal, row.message.stored, in: row.channel,
            content: Self.text(TaskCard.refusal(reason, of: row.message)))
    }

    /// The daemon has answered a submission.
    mutating func submitted(_ message: Snowflake, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        let isWithdrawn = withdrawnInFlight.remove(message) != nil
        guard let row = try store.request(message) else { return }
        switch answer {
        case .task(let id):
            try store.add(task: id, of: message)
            if !row.follows.isEmpty { try store.set(thread: .impossible, of: id) }
            if isWithdrawn { try store.withdraw(task: id, true) }
        case .unfetched(let reason):
            try refuse(row, "its files cannot be fetched: \(reason)", configuration.reactions.failed, store)
        // What the message says by now may be better.
        case .impossible where row.edit != nil: try store.forgetOrder(of: message)
        case .impossible(let reason): try refuse(row, reason, configuration.reactions.failed, store)
        default: break
        }
    }

    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func content(_ text: String) -> Content? { try? JSONDecoder().decode(Content.self, from: Data(text.utf8)) }
}
