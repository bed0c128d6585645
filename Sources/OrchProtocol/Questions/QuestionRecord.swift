/// Something that a task has asked people.
public struct QuestionRecord: Codable, Sendable, Equatable {
    public struct State: OpenEnum {
        /// Somebody may answer it.
        public static let open = Self("open")
        public static let answered = Self("answered")
        /// Nobody has answered it in time, and it had no default.
        public static let expired = Self("expired")
        /// The attempt that had asked it ended first.
        public static let withdrawn = Self("withdrawn")

        public static let allCases: [Self] = [.open, .answered, .expired, .withdrawn]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// `42.q1`.
    public var id: String
    public var task: Int64
    public var attempt: Int
    public var state: State
    public var text: String
    /// What it may be answered with.
    public var choices: [String]?
    /// Whether it may be answered with any other text, too.
    public var freeText: Bool
    /// What it is answered with when its time is over.
    public var `default`: String?
    /// By which the task finds its answer again.
    public var step: String?
    public var askedAt: Timestamp
    public var until: Timestamp?
    public var answer: String?
    /// Who has answered, in words; nil for the default.
    public var answeredBy: String?
    /// When it was answered, expired or was withdrawn.
    public var endedAt: Timestamp?

    public init(id: QuestionID, attempt: Int, state: State, text: String, freeText: Bool, askedAt: Timestamp) {
        self.id = id.description
        task = id.task
        self.attempt = attempt
        self.state = state
        self.text = text
        self.freeText = freeText
        self.askedAt = askedAt
    }

    private enum CodingKeys: String, CodingKey {
        case id, task, attempt, state, text, choices, `default`, step, until, answer
        case freeText = "free_text"
        case askedAt = "asked_at"
        case answeredBy = "answered_by"
        case endedAt = "ended_at"
    }
}

public struct QuestionPage: Codable, Sendable, Equatable {
    /// Newest first.
    public var questions: [QuestionRecord]
    /// Given where there may be more: the `cursor` of the next page.
    public var nextCursor: Int64?

    public init(questions: [QuestionRecord], nextCursor: Int64? = nil) {
        self.questions = questions
        self.nextCursor = nextCursor
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case questions
        case nextCursor = "next_cursor"
    }
}

/// How far a task is, as it says itself. It is shown, and never stored.
public struct TaskProgress: Codable, Sendable, Equatable {
    public var percent: Double?
    public var text: String?

    public init(percent: Double? = nil, text: String? = nil) {
        self.percent = percent
        self.text = text
    }
}
