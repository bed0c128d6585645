import DiscordAPI
import FoundationEssentials
import OrchProtocol

/// Messages on their way to tasks.
extension Bridge {
    /// A message, at once or read later. The second time that it comes it is known.
    mutating func take(_ message: ChatMessage, isLate: Bool, _ now: Int64, _ store: BridgeTransaction) throws {
        guard let channel = configuration.channel(message.channel), try store.request(message.id) == nil else { return }
        let reading = intake.read(message)
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

    /// Another text, where it is not too late: what has been submitted is the daemon's.
    mutating func change(_ message: ChatMessage, _ now: Int64, _ store: BridgeTransaction) throws {
        guard let row = try store.request(message.id) else {
            // It may be meant for the bridge only now, by a mention that was forgotten.
            if isRead.contains(message.channel) { try take(message, isLate: false, now, store) }
            return
        }
        guard row.state == .new || row.state == .late, !desk.isBusy(.submit(row.message)), message.author.id == row.author
        else { return }
        switch intake.read(message) {
        case .none: try store.set(.withdrawn, of: row.message)
        case .faulty(let reason): try refuse(row, "the message \(reason)", configuration.reactions.failed, store)
        case .task(let spec):
            let verdict = configuration.authorizer.judge(.init(.submit, pool: spec.pool ?? ""), by: message.author)
            if case .denied(let reason) = verdict {
                try refuse(row, reason, configuration.reactions.cancelled, store)
            } else if verdict == .allowed {
                try store.set(spec: Self.text(spec), of: row.message)
            }
        }
    }

    /// A message is gone: so is its task, where that has not started.
    mutating func withdraw(_ message: Snowflake, _ store: BridgeTransaction) throws {
        guard let row = try store.request(message), let channel = configuration.channel(row.channel), channel.deleteCancels
        else { return }
        switch row.state {
        case .new, .late:
            // One that is on its way is cancelled when the daemon has answered.
            if !desk.isBusy(.submit(message)) {
                try store.set(.withdrawn, of: message)
            } else {
                withdrawnInFlight.insert(message)
            }
        case .task:
            guard let id = row.task, let task = try store.task(id), task.state == TaskState.queued.rawValue else { return }
            try store.withdraw(task: id, true)
        case .refused, .withdrawn: break
        }
    }

    /// What a channel has got since the bridge has read it last.
    mutating func take(_ page: [ChatMessage], isLast: Bool, of channel: Snowflake, _ now: Int64, _ store: BridgeTransaction)
        throws
    {
        for message in page { try take(message, isLate: true, now, store) }
        if let last = page.last { try store.move(.channel(channel), to: last.id.stored) }
        guard isLast else { return }
        isRead.insert(channel)
        let count = try store.count(late: channel)
        if count <= configuration.channel(channel)?.catchUp ?? 0 {
            try store.decide(late: channel, .new)
        } else {
            var content = Content(text: "While the bot was away, \(count) tasks were written here. Shall they run?")
            content.buttons = [
                .init("Run \(count)", ButtonID(.run, channel.stored), .good), .init("Skip", ButtonID(.skip, channel.stored)),
            ]
            // A question for each time that there is something to ask; the old one stays answered.
            let round = (page.last?.id ?? Snowflake(firstAt: now)).stored
            try store.want(.question, channel.stored, round: round, in: channel, content: Self.text(content))
        }
    }

    /// The daemon has answered a submission.
    mutating func submitted(_ message: Snowflake, _ answer: Answer, _ now: Int64, _ store: BridgeTransaction) throws {
        let isWithdrawn = withdrawnInFlight.remove(message) != nil
        guard let row = try store.request(message) else { return }
        switch answer {
        case .task(let id):
            try store.add(task: id, of: message)
            if isWithdrawn { try store.withdraw(task: id, true) }
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
