import GRDB
import OrchProtocol
import Scheduling

/// How a question is written to its row and read back.
enum QuestionColumns {
    static let all = """
        id, task, number, root, attempt, state, step, content, asked_at, until, answer, answered_by, ended_at
        """

    static func read(_ columns: inout Columns) throws -> Question {
        let row: Int64 = try columns.next()
        let id = QuestionID(task: try columns.next(), number: try columns.next())
        let (root, attempt): (Int64, Int) = (try columns.next(), try columns.next())
        let (state, step): (Question.State, String?) = (try columns.raw(), try columns.optional())
        let content: Question.Content = try JSONColumn.read(columns.next(String.self), "a question that is not JSON")
        var question = Question(
            row: row, id: id, root: root, attempt: attempt, state: state, content: content, askedAt: try columns.next())
        question.step = step
        question.until = try columns.optional()
        question.answer = try columns.optional()
        question.answeredBy = try columns.optional()
        question.endedAt = try columns.optional()
        return question
    }
}

extension Database {
    /// - Parameter condition: with all that comes after it.
    func questions(where condition: String, _ arguments: [(any SQLValue)?]) throws -> [Question] {
        try rows("SELECT \(QuestionColumns.all) FROM question WHERE \(condition)", arguments, QuestionColumns.read)
    }
}
