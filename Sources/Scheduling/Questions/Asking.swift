import OrchProtocol

/// Questions of tasks, and their answers. What waits for an answer hears of it by an event.
extension Turn {
    mutating func ask(_ parameters: AskParameters, by requester: Requester) throws -> Answer {
        let content = try QuestionRules.content(of: parameters)
        guard let id = requester.principal.task, let task = try store.task(id),
            let attempt = try store.liveAttempt(of: id), attempt.number == requester.attempt, attempt.stopping == nil
        else { throw WireError(.invalidState, "only a task that runs can ask") }
        if let step = parameters.step, let known = try store.question(ofStep: step, of: id) {
            guard known.content == content else {
                throw WireError(
                    .invalidParameter,
                    "the step \"\(step)\" was another question, \(known.id); nothing is asked", field: "step")
            }
            // What an attempt that is over did not get is asked again.
            let isSettled = known.state == .answered || known.attempt == attempt.number
            if isSettled { return .now(.question(QuestionRecord(known))) }
        }
        let open = try store.openQuestions(of: id)
        guard open.count < QuestionRules.mostOfTask else {
            throw WireError(
                .tooBusy, "task \(id) has \(open.count) open questions, which is the limit; wait for an answer first")
        }
        let root = task.root
        guard try store.openQuestionCount(inTree: root) < QuestionRules.mostOfTree else {
            throw WireError(
                .tooBusy,
                "the tree of task \(root) has \(QuestionRules.mostOfTree) open questions, which is the limit; try again later")
        }
        let number = try store.lastQuestion(of: id) + 1
        guard number <= QuestionRules.mostEver else {
            throw WireError(.invalidState, "task \(id) has asked \(QuestionRules.mostEver) questions, which is the limit")
        }
        var question = Question(
            id: QuestionID(task: id, number: number), root: root, attempt: attempt.number, content: content, askedAt: now.wall)
        question.step = parameters.step
        question.until = content.timeout.map { now.wall + $0 }
        question.row = try store.insert(question)
        event(.questionAsked, of: question, task, detail: content.text)
        return .now(.question(QuestionRecord(question)))
    }

    mutating func answer(_ parameters: AnswerParameters, by requester: Requester) throws -> Answer {
        let name = try QuestionRules.name(parameters.question)
        let task = try owned(name.task, by: requester)
        let question = try find(name, of: task)
        guard question.state == .open else {
            throw WireError(.invalidState, "question \(question.id) \(question.standing)")
        }
        try QuestionRules.check(answer: parameters.answer, to: question.content, "answer")
        let answered = try settle(question, as: .answered, of: task) {
            ($0.answer, $0.answeredBy) = (parameters.answer, requester.principal.description)
        }
        return .now(.question(QuestionRecord(answered)))
    }

    private func find(_ name: QuestionName, of task: TaskItem) throws -> Question {
        if let number = name.number {
            let id = QuestionID(task: task.id, number: number)
            guard let question = try store.question(id) else {
                throw WireError(.notFound, "there is no question \(id)", field: "question")
            }
            return question
        }
        let open = try store.openQuestions(of: task.id)
        guard let question = open.first else {
            throw WireError(.invalidState, "task \(task.id) has no open question")
        }
        guard open.count == 1 else {
            let names = open.map(\.id.description).joined(separator: ", ")
            throw WireError(
                .invalidParameter, "task \(task.id) has \(open.count) open questions; name one of \(names)", field: "question")
        }
        return question
    }

    /// The time of some is over.
    mutating func wakeQuestions() throws {
        guard store.hasOpenQuestions else { return }
        let due = try store.dueQuestions(at: now.wall, limit: SchedulerState.stride)
        for question in due {
            guard let task = try store.task(question.id.task) else { continue }
            let fallback = question.content.fallback
            try settle(question, as: fallback == nil ? .expired : .answered, of: task) { $0.answer = fallback }
        }
        if due.count == SchedulerState.stride { isUnfinished = true }
    }

    /// The attempt has ended that may have asked.
    mutating func withdrawQuestions(of task: TaskItem) throws {
        guard store.hasOpenQuestions else { return }
        for question in try store.openQuestions(of: task.id) { try settle(question, as: .withdrawn, of: task) { _ in } }
    }

    @discardableResult
    private mutating func settle(
        _ question: Question, as state: Question.State, of task: TaskItem, _ change: (inout Question) -> Void
    ) throws -> Question {
        assert(question.state == .open && state != .open, "question \(question.id) is settled twice")
        var settled = question
        (settled.state, settled.endedAt) = (state, now.wall)
        change(&settled)
        try store.update(settled, from: question.state)
        switch state {
        case .open: break
        case .answered: event(.questionAnswered, of: settled, task, detail: settled.answer)
        case .expired: event(.questionExpired, of: settled, task, detail: "nobody answered in time")
        case .withdrawn: event(.questionWithdrawn, of: settled, task, detail: "the attempt that asked has ended")
        }
        return settled
    }

    private mutating func event(_ kind: Event.Kind, of question: Question, _ task: TaskItem, detail: String?) {
        event(kind) {
            $0.task = task.id
            $0.attempt = question.attempt
            $0.pool = task.pool
            $0.submitter = task.definition.submitter
            $0.subject = task.definition.subject
            $0.question = question.id.description
            // The whole of it is in `question.list`.
            $0.detail = detail?.shortened(to: 200)
        }
    }
}

extension Question {
    /// As in "question 42.q1 …".
    fileprivate var standing: String {
        switch state {
        case .open: "is open"
        case .answered: "was answered by \(answeredBy ?? "its default"): \"\((answer ?? "").shortened(to: 60))\""
        case .expired: "has expired"
        case .withdrawn: "was withdrawn, because the attempt that asked it has ended"
        }
    }
}
