import ArgumentParser
import OrchProtocol
import Presentation

struct AnswerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Answer a question of a task.",
        discussion: """
            Who may change a task may answer it. A task itself may not answer.

            Examples:
              orchctl answer 42 yes
              orchctl answer 42.q2 "the branch main"
            """)

    @Argument(help: "The question, like 42.q1, or the task, if one of its questions is open.")
    var question: String

    @Argument(help: "The answer.")
    var answer: String

    @OptionGroup var bridge: BridgeOption

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard QuestionName(question) != nil else {
            throw ValidationError("\"\(question.shortened(to: 60))\" is not a question; use one such as 42.q1, or a task")
        }
    }

    func run() throws {
        var parameters = AnswerParameters(question: question, answer: answer)
        parameters.subject = bridge.subject
        try Client(global).show(.answer, parameters) { "question \($0.id) \(QuestionText.standing($0))\n" }
    }
}
