import DiscordAPI
import OrchProtocol

/// Messages that change, and messages that go.
extension Bridge {
    /// Another text. What the daemon has not been asked for becomes that; a queued task is changed.
    mutating func change(_ message: ChatMessage, _ now: Int64, _ store: BridgeTransaction) throws {
        guard let row = try store.request(message.id) else {
            // It may be meant for the bridge only now, by a mention that was forgotten. What is old may have been done and forgotten.
            let isRecent = message.id > Snowflake(firstAt: now - Self.lookBack)
            if isRecent, isRead.contains(message.channel) { try take(message, isLate: false, now, store) }
            return
        }
        guard row.spec != nil, message.author.id == row.author, let context = try context(of: message, store) else { return }
        let isOrdered = row.state == .task || row.orderedAt != nil
        guard row.state != .unsure else { return }
        let reading = intake.read(message, in: context.settings, isAnswer: context.isAnswer, following: row.follows)
        let complaint: String
        switch reading {
        case .none:
            if !isOrdered { try store.set(.withdrawn, of: row.message) }
            return
        case .faulty(let reason): complaint = "the message \(reason)"
        case .task(let spec):
            switch configuration.authorizer.judge(.init(.submit, pool: spec.pool ?? ""), by: message.author) {
            case .ignored: return
            case .denied(let reason): complaint = reason
            case .allowed:
                let text = try Self.text(spec)
                if isOrdered {
                    try store.set(edit: text == row.spec ? nil : text, of: row.message)
                } else {
                    try store.set(spec: text, of: row.message)
                }
                return
            }
        }
        if isOrdered {
            try notice("the edit is not followed: \(complaint)", below: row, store)
        } else {
            try refuse(row, complaint, configuration.reactions.failed, store)
        }
    }

    /// The daemon has changed a task, or not.
    mutating func amended(_ message: Snowflake, _ answer: Answer, _ store: BridgeTransaction) throws {
        guard let edit = amendments.removeValue(forKey: message), let row = try store.request(message) else { return }
        try store.settle(edit: edit, of: message)
        guard case .impossible(let reason) = answer else { return }
        try notice("the edit does not reach the task: \(reason)", below: row, store)
    }

    /// A sentence about a message that is a task all the same.
    private func notice(_ sentence: String, below row: RequestRow, _ store: BridgeTransaction) throws {
        var content = Content(text: "Note: \(DiscordText.line(sentence, atMost: 800)).")
        content.answers = row.message
        try store.want(.notice, row.message.stored, in: row.channel, content: Self.text(content))
    }

    /// A message is gone: so is its task, where that has not started.
    mutating func withdraw(_ message: Snowflake, _ store: BridgeTransaction) throws {
        guard let row = try store.request(message), let channel = try settings(of: row.channel, store), channel.deleteCancels
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
        case .unsure: try store.set(.withdrawn, of: message)
        case .refused, .withdrawn: break
        }
    }
}
