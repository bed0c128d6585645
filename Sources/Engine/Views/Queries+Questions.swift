import OrchProtocol
import Scheduling
import Storage

/// What tasks ask, and how far they say that they are.
extension Queries {
    /// As much of a question as a list shows.
    private static let shownText = 200

    func questions(_ query: QuestionListParameters) throws -> QuestionPage {
        try QuestionRules.check(query)
        if let task = query.task, try core.store.record(of: task, brief: true) == nil {
            throw WireError(.notFound, "there is no task \(task)", field: "task")
        }
        return try core.store.questions(query, limit: query.limit ?? 100)
    }

    /// Adds to records what their tasks ask and say at the moment.
    func addNews(to records: inout [TaskRecord], isList: Bool) throws {
        let running = records.filter { $0.state == .running }.map(\.id)
        guard !running.isEmpty else { return }
        var questions = try core.store.openQuestions(of: running)
        if isList {
            for (task, open) in questions {
                questions[task] = open.map { question in
                    var question = question
                    question.text = question.text.shortened(to: Self.shownText)
                    return question
                }
            }
        }
        let progress = core.attempts.progress(of: running)
        for index in records.indices where records[index].state == .running {
            records[index].questions = questions[records[index].id]
            records[index].progress = progress[records[index].id]
        }
    }
}

extension EngineCore {
    /// What a task says of its progress. It is never stored: after a restart of the engine the task says it again.
    func note(_ progress: ProgressParameters, by requester: Requester) throws(WireError) {
        try QuestionRules.check(progress)
        guard let task = requester.principal.task,
            attempts.note(TaskProgress(percent: progress.percent, text: progress.text), of: task)
        else { throw WireError(.invalidState, "only a task that runs can say how far it is") }
    }
}
