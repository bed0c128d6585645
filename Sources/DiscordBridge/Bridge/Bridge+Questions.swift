import DiscordAPI
import OrchProtocol

/// What tasks ask people.
extension Bridge {
    /// Shows what a task asks, and what has come of what it has asked before. What is shown as open and is not among these is not known any more.
    func show(
        _ questions: [QuestionRecord], of task: Int64, in place: Snowflake, askedBy author: Snowflake,
        _ store: BridgeTransaction
    ) throws {
        var unknown = Dictionary(try store.openQuestions(of: task).map { ($0.number, $0.content) }) { $1 }
        for question in questions {
            guard let number = QuestionName(question.id)?.number else { continue }
            unknown[number] = nil
            let id = QuestionID(task: task, number: number)
            let content = try Self.text(QuestionCard.content(question, id, askedBy: author))
            if question.state == .open {
                try store.ask(id, in: place, content: content)
            } else {
                try store.close(id, content: content)
            }
        }
        for (number, text) in unknown {
            guard let content = Self.content(text) else { continue }
            let id = QuestionID(task: task, number: number)
            try store.close(id, content: Self.text(QuestionCard.unknown(id, after: content)))
        }
    }
}
