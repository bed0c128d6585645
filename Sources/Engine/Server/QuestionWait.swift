import OrchProtocol
import Scheduling
import Synchronization

extension Streams {
    /// `question.wait`: answers when a question of the task that asks is open no longer, or when the time is over.
    func wait(_ parameters: QuestionWaitParameters, by requester: Requester, _ responder: Responder) throws {
        try SpecRules.check(wait: parameters.timeout)
        let name = try QuestionRules.name(parameters.question)
        guard let number = name.number, requester.principal == .task(name.task) else {
            throw WireError(.forbidden, "a task may only wait for an answer to a question of its own", field: "question")
        }
        let id = QuestionID(task: name.task, number: number)
        guard try store.question(id) != nil else {
            throw WireError(.notFound, "there is no question \(id)", field: "question")
        }
        let isTimeOver = Mutex(parameters.timeout == 0)
        let atDoor = DoorWait(by: requester, for: .answer, waits)
        let runner = responder.stream(
            readers, hearing: news, { events in events.contains { $0.question == id.description } },
            onEnd: { atDoor?.end() }
        ) { [store] runner in
            // Whether the time was over before the look.
            let isLast = isTimeOver.withLock { $0 }
            let found = try store.question(id)
            if let found, found.state == .open, !isLast {
                atDoor?.begin()
                return runner.finished()
            }
            runner.end()
            atDoor?.end()
            guard let found else {
                return responder.fail(WireError(.notFound, "there is no question \(id)", field: "question"))
            }
            responder.succeed(QuestionRecord(found))
        }
        guard let timeout = parameters.timeout else { return }
        responder.after(timeout) {
            isTimeOver.withLock { $0 = true }
            runner.signal()
        }
    }
}
