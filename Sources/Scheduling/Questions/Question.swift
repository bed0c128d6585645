import OrchProtocol

/// Something that a task asks people. The daemon keeps it, so neither a restart of the daemon nor a lost connection loses the answer.
public struct Question: Sendable, Equatable {
    /// The raw values are in the database and never change.
    public enum State: Int, Sendable {
        case open = 0
        case answered = 1
        case expired = 2
        case withdrawn = 3
    }

    /// What was asked. Two questions with the same content are the same to a step.
    public struct Content: Codable, Sendable, Equatable {
        public var text: String
        public var choices: [String] = []
        public var takesText: Bool
        public var fallback: String?
        /// Milliseconds.
        public var timeout: Int64?

        public init(text: String, choices: [String] = [], takesText: Bool, fallback: String? = nil, timeout: Int64? = nil) {
            self.text = text
            self.choices = choices
            self.takesText = takesText
            self.fallback = fallback
            self.timeout = timeout
        }
    }

    /// Of the row: it grows from question to question over all tasks.
    public var row: Int64
    public var id: QuestionID
    /// The task at the root of its tree.
    public var root: Int64
    /// The number of the attempt that has asked.
    public var attempt: Int
    public var state: State
    public var step: String?
    public var content: Content
    public var askedAt: Int64
    /// When it expires, or is answered with its fallback.
    public var until: Int64?
    public var answer: String?
    /// In words; nil where the fallback was taken.
    public var answeredBy: String?
    public var endedAt: Int64?

    public init(
        row: Int64 = 0, id: QuestionID, root: Int64, attempt: Int, state: State = .open, content: Content, askedAt: Int64
    ) {
        self.row = row
        self.id = id
        self.root = root
        self.attempt = attempt
        self.state = state
        self.content = content
        self.askedAt = askedAt
    }
}

extension QuestionRecord {
    public init(_ question: Question) {
        let content = question.content
        let state: State =
            switch question.state {
            case .open: .open
            case .answered: .answered
            case .expired: .expired
            case .withdrawn: .withdrawn
            }
        self.init(
            id: question.id, attempt: question.attempt, state: state, text: content.text, freeText: content.takesText,
            askedAt: Timestamp(milliseconds: question.askedAt))
        choices = content.choices.isEmpty ? nil : content.choices
        (self.default, step) = (content.fallback, question.step)
        until = question.until.map(Timestamp.init(milliseconds:))
        (answer, answeredBy) = (question.answer, question.answeredBy)
        endedAt = question.endedAt.map(Timestamp.init(milliseconds:))
    }
}
