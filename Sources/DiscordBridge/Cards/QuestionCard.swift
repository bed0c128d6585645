import DiscordAPI
import OrchProtocol
import Presentation
import Text

/// What a task asks people: with a button for each answer as long as it is open, and afterwards with what has come of it.
public enum QuestionCard {
    /// Of a longer question the whole is a file.
    private static let bodyLength = 3500

    public static func content(_ question: QuestionRecord, _ id: QuestionID, askedBy author: Snowflake) -> Content {
        let isOpen = question.state == .open
        let chunks = Chunks.of(DiscordText.markdown(question.text), length: bodyLength)
        var box = Content.Card(title: title(question, id), body: chunks[0], colour: colour(question))
        box.fields = fields(question)
        box.footer = "task \(id.task)"
        var content = Content(text: "<@\(author)> Task \(id.task) \(isOpen ? "asks" : "asked"):", card: box)
        guard isOpen else { return content }
        content.calls = author
        if chunks.count > 1 {
            content.card?.body = chunks[0] + "\n*(the file has all of it)*"
            content.files = [.init(name: "question-\(id).md", text: question.text)]
        }
        content.buttons = buttons(question, id)
        return content
    }

    /// The daemon does not keep it any more: what has come of it is not known.
    static func unknown(_ id: QuestionID, after earlier: Content) -> Content {
        var content = earlier
        content.card?.title = "🚫 orchd no longer knows question \(id)"
        content.card?.colour = grey
        content.card?.fields = []
        (content.buttons, content.files, content.calls) = ([], [], nil)
        return content
    }

    private static func title(_ question: QuestionRecord, _ id: QuestionID) -> String {
        switch question.state {
        case .open: "❓ Question \(id)"
        case .answered where question.answeredBy != nil: "✅ Question \(id) was answered"
        case .answered, .expired: "⌛ Question \(id) was not answered in time"
        case .withdrawn: "🚫 Question \(id) was withdrawn"
        default: "Question \(id) is \(SafeText.line(question.state.rawValue).shortened(to: 40))"
        }
    }

    private static func fields(_ question: QuestionRecord) -> [Content.Field] {
        func text(_ answer: String?) -> String? { answer.map { DiscordText.line($0, atMost: 400) } }
        let all: [(String, String?)] =
            switch question.state {
            case .open:
                [
                    ("Until", question.until.map { "<t:\($0.milliseconds / 1000):f>, <t:\($0.milliseconds / 1000):R>" }),
                    ("Then the answer is", text(question.default)),
                ]
            case .answered where question.answeredBy == nil: [("The default is the answer", text(question.answer))]
            case .answered: [("Answer", text(question.answer)), ("By", question.answeredBy.map(who))]
            case .withdrawn: [("Why", "The attempt that asked has ended.")]
            default: []
            }
        return all.compactMap { name, value in value.map { Content.Field(name, $0) } }
    }

    /// A person in Discord as Discord shows people; it tells nobody.
    private static func who(_ name: String) -> String {
        let prefix = "\"" + Intake.subjects
        let digits = name.dropFirst(prefix.count).prefix { $0.isASCII && $0.isNumber }
        guard name.hasPrefix(prefix), let id = Snowflake(String(digits)),
            name.dropFirst(prefix.count + digits.count).hasPrefix("\" of ")
        else { return DiscordText.line(name, atMost: 200) }
        return "<@\(id)>"
    }

    /// A question has at most 20 choices, so there is always room for all of them and for a text.
    private static func buttons(_ question: QuestionRecord, _ id: QuestionID) -> [Content.Button] {
        let choices = (question.choices ?? []).prefix(MessageLimits.buttons - 1).enumerated().map { number, choice in
            // Discord refuses a button on which nothing can be read, and the whole message with it.
            let label = SafeText.line(choice).shortened(to: 80)
            let isReadable = label.unicodeScalars.contains {
                !$0.properties.isWhitespace && !$0.properties.isDefaultIgnorableCodePoint
            }
            return Content.Button(
                isReadable ? label : "answer \(number + 1)", ButtonID(answer: id, choice: number), answer: choice)
        }
        return choices + (question.freeText ? [.init("Answer …", ButtonID(answer: id))] : [])
    }

    private static let grey = 0x95_A5A6

    private static func colour(_ question: QuestionRecord) -> Int {
        switch question.state {
        case .open: 0x9B_59B6
        case .answered where question.answeredBy != nil: 0x2E_CC71
        default: grey
        }
    }
}
