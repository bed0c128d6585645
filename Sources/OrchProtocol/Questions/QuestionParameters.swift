/// The parameters of the methods by which tasks ask, and people answer.

/// What a task asks people.
public struct AskParameters: KeyedParameters {
    public var text: String
    public var choices: [String]?
    /// Whether any other text will do, too; without choices it always will.
    public var freeText: Bool?
    /// Seconds until it expires, or is answered with `default`.
    public var timeout: Double?
    public var `default`: String?
    /// The same question of the same task has the same answer, whichever attempt asks it again.
    public var step: String?
    /// See ``KeyedParameters``.
    public var key: String?

    public init(text: String, choices: [String]? = nil) {
        self.text = text
        self.choices = choices
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case text, choices, timeout, `default`, step, key
        case freeText = "free_text"
    }
}

public struct QuestionWaitParameters: MethodParameters {
    /// `42.q1`.
    public var question: String
    /// Seconds after which the answer comes in any case; 0 for now.
    public var timeout: Double?

    public init(question: String, timeout: Double? = nil) {
        self.question = question
        self.timeout = timeout
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case question, timeout }
}

public struct AnswerParameters: KeyedParameters, ActionParameters {
    /// `42.q1`, or `42` where one question of the task is open.
    public var question: String
    public var answer: String
    /// See ``KeyedParameters``.
    public var key: String?
    public var subject: String?

    public init(question: String, answer: String) {
        self.question = question
        self.answer = answer
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case question, answer, key, subject }
}

public struct QuestionListParameters: MethodParameters {
    /// Only those of one task.
    public var task: Int64?
    /// Those that are not open any more, too.
    public var all: Bool?
    /// 1 to 1000; 100 where not given.
    public var limit: Int?
    /// Where the page before ended: its `next_cursor`.
    public var cursor: Int64?

    public init(task: Int64? = nil, all: Bool? = nil) {
        self.task = task
        self.all = all
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case task, all, limit, cursor }
}

public struct ProgressParameters: MethodParameters {
    public var percent: Double?
    public var text: String?

    public init(percent: Double? = nil, text: String? = nil) {
        self.percent = percent
        self.text = text
    }

    public enum CodingKeys: String, CodingKey, CaseIterable { case percent, text }
}
