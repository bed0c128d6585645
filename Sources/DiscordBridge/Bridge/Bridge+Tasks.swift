import DiscordAPI
import OrchProtocol
import Presentation

/// Tasks, and how they are shown.
extension Bridge {
    /// How a task stands, as of when it had changed so often.
    func show(
        _ record: TaskRecord?, _ questions: [QuestionRecord], _ id: Int64, asOf seen: Int64, _ now: Int64,
        _ store: BridgeTransaction
    ) throws {
        guard var task = try store.task(id), let request = try store.request(task.message) else { return }
        guard let record else {
            try forget(&task, seen, request, store)
            return
        }
        let isEnd = record.state.isFinal
        let end = isEnd ? record.finishedAt?.milliseconds : nil
        // Somebody has it tried again: there will be another answer and another end. Or there are, if it was over before anybody looked.
        let isAgain = task.ended && (!isEnd || task.finishedAt != nil && end != task.finishedAt)
        if isAgain { task.round += 1 }
        let isNewEnd = isEnd && (!task.ended || isAgain)
        (task.ended, task.finishedAt) = (isEnd, end)
        task.state = record.state.rawValue
        task.pool = record.pool
        task.priority = record.priority
        task.title = TaskText.title(record).shortened(to: 100)
        try store.save(task, seen: seen)
        if record.state != .queued { try store.dropSpec(of: task.message) }
        if isNewEnd { try store.ended(task: id, at: now) }
        try store.want(reaction: cards.reaction(record), below: task.message)
        let place = task.thread == .impossible ? request.channel : task.message
        try store.want(.card, id, in: place, content: Self.text(cards.card(record, askedBy: request.authorName)))
        try show((record.questions ?? []) + questions, of: id, in: place, askedBy: request.author, store)
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
        try store.dropSpec(of: task.message)
        try show([], of: task.id, in: task.message, askedBy: request.author, store)
        guard isNewEnd, let results = configuration.results else { return }
        var box = Content.Card(title: "Task \(task.id) is no longer known", colour: 0x95_A5A6)
        box.body = "orchd removed it before the bridge saw its end."
        box.footer = "task \(task.id)"
        try store.want(.end, task.id, round: task.round, in: results, content: Self.text(Content(card: box)))
    }
}
