import DiscordAPI
import GRDB
import OrchProtocol

/// What tasks ask people, and is shown.
extension BridgeTransaction {
    /// Shows a question like this; it can be answered.
    func ask(_ question: QuestionID, in place: Snowflake, content: String) throws {
        try want(.ask, question.task, round: Int64(question.number), in: place, content: content)
        try set(open: true, question)
    }

    /// It cannot be answered any more.
    func close(_ question: QuestionID, content: String) throws {
        try run(
            "UPDATE post SET content = ? WHERE kind = 'ask' AND subject = ? AND round = ? AND open = 1",
            [content, question.task, question.number])
        try set(open: false, question)
    }

    private func set(open: Bool, _ question: QuestionID) throws {
        try run(
            "UPDATE post SET open = ? WHERE kind = 'ask' AND subject = ? AND round = ? AND open <> ?",
            [open, question.task, question.number, open])
    }

    /// The questions of a task that can be answered, as they are shown, by their numbers.
    func openQuestions(of task: Int64) throws -> [(number: Int, content: String)] {
        try Row.fetchAll(
            cached("SELECT round, content FROM post WHERE open = 1 AND subject = ? ORDER BY round"), arguments: [task]
        ).map { ($0[0], $0[1]) }
    }

    /// The tasks that ask something.
    func askingTasks() throws -> Set<Int64> {
        try Set(Int64.fetchAll(cached("SELECT DISTINCT subject FROM post WHERE open = 1")))
    }
}
