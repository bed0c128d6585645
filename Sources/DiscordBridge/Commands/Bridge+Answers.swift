import DiscordAPI
import OrchProtocol

/// What people answer to tasks. The daemon decides which answer is the first.
extension Bridge {
    /// A button below a question: one of the choices, or a form for any other text.
    func answer(_ button: ButtonID, _ store: BridgeTransaction) throws -> Wish? {
        guard let number = button.question else { return nil }
        var wish = Wish("answer", ["task": .string(QuestionID(task: button.subject, number: number).description)])
        guard button.choice != nil else { return wish }
        let question = try store.openQuestions(of: button.subject).first { $0.number == number }
        let choice = question.flatMap { Self.content($0.content) }?.buttons.first { $0.id == button.description }
        // Of a question that is not open any more nothing is known; the command says so, to who may hear it.
        wish.values["answer"] = .string(choice?.answer ?? "")
        return wish
    }

    /// By then it is decided that the person may answer the questions of the task.
    func answer(
        _ name: QuestionName, _ wish: Wish, _ invocation: Invocation, _ manner: Manner, _ store: BridgeTransaction
    ) throws -> Decision {
        let open = try store.openQuestions(of: name.task)
        func id(_ number: Int) -> QuestionID { QuestionID(task: name.task, number: number) }
        guard let question = open.first(where: { name.number == nil || name.number == $0.number }) else {
            return .say(
                name.number.map { "Question \(id($0)) is not open." } ?? "Task \(name.task) asks nothing at the moment.")
        }
        guard name.number != nil || open.count == 1 else {
            let names = open.map { id($0.number).description }.joined(separator: ", ")
            return .say("Task \(name.task) asks \(open.count) questions: \(names). Give one of these instead of the task.")
        }
        let name = id(question.number).description
        guard let text = wish.text(.answer), text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            let buttons = Self.content(question.content)?.buttons ?? []
            guard buttons.contains(where: { $0.answer == nil }) else {
                let choices = buttons.compactMap(\.answer).map { DiscordText.line($0, atMost: 80) }.joined(separator: ", ")
                return .say("Question \(name) takes one of these answers: \(choices).".shortened(to: DiscordText.messageLength))
            }
            let form = Form(invocation.ticket.id, title: "Question \(name)", label: "Answer")
            return .ask(.form(form), Wish("answer", ["task": .string(name)]))
        }
        return .order(.answer(name, text), manner)
    }
}
