import GRDB
import OrchProtocol
import Scheduling

/// What tasks ask people.
extension SQLiteTransaction {
    public func insert(_ question: Question) throws -> Int64 {
        try db.run(
            """
            INSERT INTO question (task, number, root, attempt, state, step, content, asked_at, until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                question.id.task, question.id.number, question.root, question.attempt, question.state.rawValue, question.step,
                try JSONColumn.text(of: question.content), question.askedAt, question.until,
            ])
        count(1, question.state)
        return db.lastInsertedRowID
    }

    public func question(_ id: QuestionID) throws -> Question? {
        try db.questions(where: "task = ? AND number = ?", [id.task, id.number]).first
    }

    public func question(ofStep step: String, of task: Int64) throws -> Question? {
        try db.questions(where: "task = ? AND step = ? ORDER BY number DESC LIMIT 1", [task, step]).first
    }

    public func lastQuestion(of task: Int64) throws -> Int {
        try db.value("SELECT max(number) FROM question WHERE task = ?", [task]) ?? 0
    }

    public func openQuestions(of task: Int64) throws -> [Question] {
        guard hasOpenQuestions else { return [] }
        return try db.questions(where: "state = 0 AND task = ? ORDER BY number", [task])
    }

    public func openQuestionCount(inTree root: Int64) throws -> Int {
        try db.value("SELECT count(*) FROM question WHERE state = 0 AND root = ?", [root]) ?? 0
    }

    public func dueQuestions(at wall: Int64, limit: Int) throws -> [Question] {
        try db.questions(where: "state = 0 AND until IS NOT NULL AND until <= ? ORDER BY until, id LIMIT ?", [wall, limit])
    }

    public func update(_ question: Question, from state: Question.State) throws {
        try db.run(
            "UPDATE question SET state = ?, answer = ?, answered_by = ?, ended_at = ? WHERE id = ?",
            [question.state.rawValue, question.answer, question.answeredBy, question.endedAt, question.row])
        assert(db.changesCount == 1, "question \(question.id) has no row to change")
        count(-1, state)
        count(1, question.state)
    }

    public func shiftQuestions(by milliseconds: Int64) throws {
        try db.run("UPDATE question SET until = until + ? WHERE state = 0 AND until IS NOT NULL", [milliseconds])
    }

    public var hasOpenQuestions: Bool { tally.openQuestions > 0 }

    private func count(_ count: Int, _ state: Question.State) {
        if state == .open { tally.openQuestions += count }
    }

    /// When the time of the next one is over.
    func nextQuestionTime() throws -> Int64? {
        guard hasOpenQuestions else { return nil }
        return try db.value(
            "SELECT until FROM question WHERE state = 0 AND until IS NOT NULL ORDER BY until LIMIT 1")
    }
}

/// For those who only look.
extension SQLiteStore {
    public func question(_ id: QuestionID) throws -> Question? {
        try read { try $0.questions(where: "task = ? AND number = ?", [id.task, id.number]).first }
    }

    /// The newest first.
    public func questions(_ query: QuestionListParameters, limit: Int) throws -> QuestionPage {
        var conditions: [String] = []
        var arguments: [any SQLValue] = []
        if query.all != true { conditions.append("state = 0") }
        if let task = query.task {
            conditions.append("task = ?")
            arguments.append(task)
        }
        if let cursor = query.cursor {
            conditions.append("id < ?")
            arguments.append(cursor)
        }
        let filter = conditions.isEmpty ? "TRUE" : conditions.joined(separator: " AND ")
        let found = try read { [arguments] in
            try $0.questions(where: "\(filter) ORDER BY id DESC LIMIT \(limit + 1)", arguments)
        }
        let shown = found.prefix(limit)
        return QuestionPage(
            questions: shown.map(QuestionRecord.init), nextCursor: found.count > limit ? shown.last?.row : nil)
    }

    /// Those that are open of some tasks, the first of each first.
    public func openQuestions(of tasks: [Int64]) throws -> [Int64: [QuestionRecord]] {
        guard counts.openQuestions > 0, !tasks.isEmpty else { return [:] }
        let list = "[" + tasks.map(String.init).joined(separator: ",") + "]"
        let open = try read {
            try $0.questions(
                where: "state = 0 AND task IN (SELECT value FROM json_each(?)) ORDER BY task, number", [list])
        }
        return Dictionary(grouping: open.map(QuestionRecord.init), by: \.task)
    }
}
