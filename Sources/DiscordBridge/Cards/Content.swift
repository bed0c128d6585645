import DiscordAPI
import OrchProtocol

/// What a message of the bridge says.
public struct Content: Sendable, Equatable, Codable {
    public var text = ""
    public var card: Card?
    public var buttons: [Button] = []
    public var files: [File] = []
    /// The message that it answers.
    public var answers: Snowflake?
    /// The only one whom it may mention: nobody, but where a task asks.
    public var calls: Snowflake?
    /// Of news: how many of them it only counts.
    public var omitted: Int?

    public init(text: String = "", card: Card? = nil, buttons: [Button] = [], files: [File] = []) {
        self.text = text
        self.card = card
        self.buttons = buttons
        self.files = files
    }

    /// A box with a coloured edge: what Discord calls an embed.
    public struct Card: Sendable, Equatable, Codable {
        public var title: String
        public var body: String?
        public var colour: Int
        public var fields: [Field] = []
        public var footer: String?

        public init(title: String, body: String? = nil, colour: Int) {
            self.title = title
            self.body = body
            self.colour = colour
        }
    }

    public struct Field: Sendable, Equatable, Codable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public struct Button: Sendable, Equatable, Codable {
        public enum Style: String, Sendable, Codable { case plain, good, bad }
        public var label: String
        /// What comes back with a click: see ``ButtonID``.
        public var id: String
        public var style: Style
        /// The answer to a question that it stands for, which its label may show only in part.
        public var answer: String?

        public init(_ label: String, _ id: ButtonID, _ style: Style = .plain, answer: String? = nil) {
            self.label = label
            self.id = id.description
            self.style = style
            self.answer = answer
        }
    }

    public struct File: Sendable, Equatable, Codable {
        public var name: String
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// By which one message is told from another when it is not known whether it was sent: Discord forgets nonces.
    public var mark: String {
        Self.mark(text: text, title: card?.title, footer: card?.footer, files: files.map(\.name))
    }

    static func mark(text: String, title: String?, footer: String?, files: [String]) -> String {
        ([text, title ?? "", footer ?? ""] + files).map(DiscordText.trimmed).joined(separator: "\n")
    }
}

/// What a button does, in what comes back with its click. Nothing else is remembered, so that it works after any restart; a click
/// decides nothing about who may.
public struct ButtonID: Sendable, Equatable, CustomStringConvertible {
    public enum Action: String, Sendable, CaseIterable { case stop, retry, logs, raise, run, skip, confirm, leave, answer }

    public var action: Action
    /// A task, the channel whose old messages are meant, or the interaction that the question follows.
    public var subject: Int64
    /// Of a task that asks: the number of the question, and of the choice. Without a choice the answer is typed.
    public var question: Int?
    public var choice: Int?

    public init(_ action: Action, _ subject: Int64) {
        self.action = action
        self.subject = subject
    }

    public init(answer question: QuestionID, choice: Int? = nil) {
        self.init(.answer, question.task)
        self.question = question.number
        self.choice = choice
    }

    /// - Returns: nil for what no button of the bridge says.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.dropFirst().compactMap(Self.number)
        guard let action = parts.first.flatMap({ Action(rawValue: String($0)) }), numbers.count == parts.count - 1,
            (action == .answer ? 2...3 : 1...1).contains(numbers.count)
        else { return nil }
        self.init(action, numbers[0])
        if numbers.count > 1 { question = Int(numbers[1]) }
        if numbers.count > 2 { choice = Int(numbers[2]) }
    }

    private static func number(_ digits: Substring) -> Int64? {
        digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int64(digits) : nil
    }

    public var description: String {
        ([action.rawValue, String(subject)] + [question, choice].compactMap { $0.map(String.init) }).joined(separator: ":")
    }
}
