import OrchProtocol

/// What questions and answers must be beyond their types, and how many there may be.
public enum QuestionRules {
    /// Bytes of a question, and of an answer in free text.
    public static let longestText = 4096
    public static let mostChoices = 20
    /// As long as a button may be that shows it.
    static let choice = ValueRule.word(1...80)
    /// How many of a task, and of a tree of tasks, may be open.
    public static let mostOfTask = 3
    public static let mostOfTree = 20
    /// How many a task may ask in all: answers are kept as long as the task.
    public static let mostEver = 1000

    static func content(of it: AskParameters) throws(WireError) -> Question.Content {
        try check(text: it.text, "text")
        let choices = it.choices ?? []
        try SpecRules.fail(complaint(of: choices), "choices", nil)
        try SpecRules.check(it.timeout, "timeout", nil)
        try SpecRules.fail(it.step.flatMap(ValueRule.name.complaint), "step", nil)
        let content = Question.Content(
            text: it.text, choices: choices, takesText: it.freeText ?? choices.isEmpty, fallback: it.default,
            timeout: SpecRules.milliseconds(it.timeout))
        if choices.isEmpty, it.freeText == false {
            try SpecRules.fail("may be false only where there are \"choices\"", "free_text", nil)
        }
        if let fallback = it.default {
            if it.timeout == nil { try SpecRules.fail("needs a \"timeout\", after which it is taken", "default", nil) }
            try check(answer: fallback, to: content, "default")
        }
        return content
    }

    private static func complaint(of choices: [String]) -> String? {
        guard choices.count <= mostChoices else { return "must be at most \(mostChoices) texts, not \(choices.count)" }
        if let fault = choices.lazy.compactMap(choice.complaint).first { return "has a choice that \(fault)" }
        guard Set(choices.map { Array($0.utf8) }).count == choices.count else { return "has the same choice twice" }
        return nil
    }

    /// Whether a question takes an answer.
    static func check(answer: String, to content: Question.Content, _ field: String) throws(WireError) {
        if content.choices.contains(where: { $0.isSame(as: answer) }) { return }
        guard content.takesText else {
            let known = content.choices.map { "\"\($0)\"" }.joined(separator: ", ")
            let hint = nearest(answer, in: content.choices).map { "; did you mean \"\($0)\"?" } ?? ""
            throw WireError(
                .invalidParameter, "\"\(field)\" must be one of \(known), not \"\(answer.shortened(to: 60))\"\(hint)",
                field: field)
        }
        try check(text: answer, field)
    }

    private static func check(text: String, _ field: String) throws(WireError) {
        let fault =
            if text.isBlank { "it is empty" } else if text.utf8.contains(0) {
                "it has one"
            } else if text.utf8.count > longestText {
                "it has \(text.utf8.count)"
            } else { nil as String? }
        guard let fault else { return }
        try SpecRules.fail("must be a text of 1 to \(longestText) bytes without NUL; \(fault)", field, nil)
    }

    public static func name(_ text: String) throws(WireError) -> QuestionName {
        guard let name = QuestionName(text) else {
            throw WireError(field: "question", "must be a question such as 42.q1, or a task, not \"\(text.shortened(to: 60))\"")
        }
        return name
    }

    /// What a task says of its progress.
    public static func check(_ progress: ProgressParameters) throws(WireError) {
        if let percent = progress.percent, !(percent >= 0 && percent <= 100) {
            try SpecRules.fail("must be a number from 0 to 100, not \(percent)", "percent", nil)
        }
        try SpecRules.fail(progress.text.flatMap(ValueRule.name.complaint), "text", nil)
        if progress.percent == nil, progress.text == nil {
            throw WireError(.invalidParameter, "give a \"percent\", a \"text\", or both")
        }
    }

    /// What `question.list` is asked for.
    public static func check(_ query: QuestionListParameters) throws(WireError) {
        try SpecRules.check(query.limit, "limit", nil)
    }
}
