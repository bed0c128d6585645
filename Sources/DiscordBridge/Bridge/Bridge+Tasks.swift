import DiscordAPI
import OrchProtocol
import Presentation

/// Tasks, and how they are shown.
extension Bridge {
    /// How a task stands, as of when it had changed so often.
    func show(_ record: TaskRecord?, _ id: Int64, asOf seen: Int64, _ store: BridgeTransaction) throws {
        guard var task = try store.task(id), let request = try store.request(task.message) else { return }
        guard let record else {
            try forget(&task, seen, request, store)
            return
        }
        let isEnd = record.state.isFinal
        if task.ended, !isEnd {
            // Somebody has it tried again: there will be another answer and another end.
            task.round += 1
        }
        let isNewEnd = isEnd && !task.ended
        task.ended = isEnd
        task.state = record.state.rawValue
        task.pool = record.pool
        task.priority = record.priority
        task.title = TaskText.title(record).shortened(to: 100)
        try store.save(task, seen: seen)
        try store.want(reaction: cards.reaction(record), below: task.message)
        let place = task.thread == .impossible ? request.channel : task.message
        try store.want(.card, id, in: place, content: Self.text(cards.card(record, askedBy: request.authorName)))
        guard isNewEnd else { return }
        for (part, content) in cards.answer(record).enumerated() {
            try store.want(.answer, id, round: task.round, part: part, in: place, content: Self.text(content))
        }
        guard let results = configuration.results else { return }
        let content =
            configuration.resultFormat == .legacy
            ? cards.legacyEnd(record) : cards.end(record, askedBy: request.authorName, thread: place)
        try store.want(.end, id, round: task.round, in: results, content: Self.text(content))
    }

    /// The daemon does not keep it any more: how it ended is not known.
    private func forget(
        _ task: inout TaskRow, _ seen: Int64, _ request: RequestRow, _ store: BridgeTransaction
    ) throws {
        let isNewEnd = !task.ended
        task.ended = true
        try store.save(task, seen: seen)
        guard isNewEnd, let results = configuration.results else { return }
        var box = Content.Card(title: "Task \(task.id) is no longer known", colour: 0x95_A5A6)
        box.body = "orchd removed it before the bridge saw its end."
        box.footer = "task \(task.id)"
        try store.want(.end, task.id, round: task.round, in: results, content: Self.text(Content(card: box)))
    }

    /// A click: what it asks for is judged again, no matter who was shown the button.
    func act(on click: Click, _ now: Int64, _ store: BridgeTransaction) throws -> [Effect] {
        switch click.button.action {
        case .run, .skip: return try decide(click, store)
        case .stop, .retry, .logs, .raise: break
        }
        guard let task = try store.task(click.button.subject), let request = try store.request(task.message) else {
            return [.reply(click, "Task \(click.button.subject) does not belong to this server, or was removed.")]
        }
        let priority = task.priority + 1
        let verb: Verb =
            switch click.button.action {
            case .stop: .stop
            case .retry: .retry
            case .raise: .priority
            default: .logs
            }
        let wish = Authorizer.Request(
            verb, pool: task.pool, owner: request.author, priority: verb == .priority ? priority : nil,
            load: verb == .retry ? try store.load(of: click.person.id, since: now - 3_600_000) : .init())
        switch configuration.authorizer.judge(wish, by: click.person) {
        case .ignored: return [.reply(click, "No.")]
        case .denied(let reason): return [.reply(click, "No: \(reason).")]
        case .allowed: break
        }
        switch verb {
        case .stop: return [.act(click, .stop(task.id))]
        case .retry: return [.act(click, .retry(task.id))]
        case .priority: return [.act(click, .raise(task.id, to: priority))]
        default: return [.act(click, .logs(task.id))]
        }
    }

    /// Whether old messages become tasks.
    private func decide(_ click: Click, _ store: BridgeTransaction) throws -> [Effect] {
        let channel = Snowflake(stored: click.button.subject)
        guard let settings = configuration.channel(channel) else {
            return [.reply(click, "That channel is no longer a task channel.")]
        }
        switch configuration.authorizer.judge(.init(.submit, pool: settings.pool), by: click.person) {
        case .ignored: return [.reply(click, "No.")]
        case .denied(let reason): return [.reply(click, "No: \(reason).")]
        case .allowed: break
        }
        let count = try store.count(late: channel)
        guard count > 0 else { return [.reply(click, "There is nothing left to decide.")] }
        let isRun = click.button.action == .run
        try store.decide(late: channel, isRun ? .new : .withdrawn)
        return [.reply(click, isRun ? "\(count) tasks are on their way." : "\(count) messages are left alone.")]
    }
}
