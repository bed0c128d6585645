import OrchProtocol

/// What tasks ask people, in words.
public enum QuestionText {
    /// As in "question 42.q1 …".
    public static func standing(_ question: QuestionRecord) -> String {
        let answer = question.answer.map { SafeText.line($0) } ?? ""
        return switch question.state {
        case .open: "is open"
        case .answered where question.answeredBy == nil: "was not answered in time; the default is: \(answer)"
        case .answered: "was answered by \(SafeText.line(question.answeredBy ?? "")): \(answer)"
        case .expired: "was not answered in time"
        case .withdrawn: "was withdrawn, because the attempt that asked has ended"
        default: "is \(SafeText.line(question.state.rawValue))"
        }
    }

    /// What it may be answered with: `yes, no`, `yes, no, or any text`.
    static func answers(_ question: QuestionRecord) -> String {
        var answers = (question.choices ?? []).map { SafeText.line($0) }
        if question.freeText { answers.append(answers.isEmpty ? "any text" : "or any text") }
        return answers.joined(separator: ", ")
    }

    /// All of it, the last line ended by a line feed.
    public static func detail(_ question: QuestionRecord, now: Timestamp, style: Style) -> String {
        var text = style(.strong, "question \(question.id)") + "  "
        text += style(question.state == .open ? .warning : .plain, standing(question))
        if question.state == .open {
            text += ", asked \(RelativeTime.text(question.askedAt, now: now))"
            if let until = question.until {
                let then = question.default.map { "then \(SafeText.line($0))" } ?? "then it expires"
                text += ", until \(LocalTime.short(until, now: now)), \(then)"
            }
        }
        text +=
            "\n"
            + SafeText.block(question.text).split(separator: "\n", omittingEmptySubsequences: false)
            .map { "  \($0)\n" }.joined()
        if question.state == .open { text += "  " + style(.dim, "answers: ") + answers(question) + "\n" }
        return text
    }
}

/// Questions, one a row: `orchctl questions`.
public enum QuestionTable {
    /// - Parameter withAnswers: whether there are some that are not open.
    public static func make(_ questions: [QuestionRecord], now: Timestamp, withAnswers: Bool) -> Table {
        var columns: [Table.Column] = [.init("QUESTION"), .init("ASKED", alignsRight: true), .init("UNTIL")]
        if withAnswers { columns += [.init("STATE"), .init("ANSWER", shrinks: true)] }
        var table = Table(columns + [.init("ANSWERS", shrinks: true), .init("TEXT", shrinks: true)])
        for question in questions {
            var cells: [Table.Cell] = [
                .init(question.id, .strong), .init(RelativeTime.text(question.askedAt, now: now)),
                .init(question.until.map { LocalTime.short($0, now: now) } ?? ""),
            ]
            if withAnswers {
                cells += [
                    .init(question.state.rawValue, question.state == .open ? .warning : .plain),
                    .init(SafeText.line(question.answer ?? "")),
                ]
            }
            table.add(cells + [.init(QuestionText.answers(question)), .init(SafeText.line(question.text))])
        }
        return table
    }
}

/// How far a task says that it is: `40% reading`.
public enum ProgressText {
    public static func text(_ progress: TaskProgress) -> String {
        [progress.percent.map { "\(Int(max(0, min(100, $0))))%" }, progress.text.map { SafeText.line($0) }]
            .compactMap(\.self).joined(separator: " ")
    }
}
