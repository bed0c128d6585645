import OrchProtocol
import Scheduling
import Storage
import Synchronization
import Testing

@testable import Engine

/// Whoever asks is answered by the turn in which somebody answers, wherever that falls between what the wait does.
@Suite struct QuestionWaitTests {
    private func ask(_ rig: StreamRig) throws -> QuestionID {
        let id = QuestionID(task: try rig.submit(), number: 1)
        try rig.turn { transaction in
            _ = try transaction.insert(
                Question(id: id, root: id.task, attempt: 1, content: .init(text: "?", takesText: true), askedAt: 1))
            return [.of(id.task, .questionAsked)]
        }
        return id
    }

    private func settle(_ id: QuestionID, as state: Question.State, _ answer: String?, _ rig: StreamRig) throws {
        try rig.turn { transaction in
            var question = try #require(try transaction.question(id))
            (question.state, question.answer) = (state, answer)
            try transaction.update(question, from: .open)
            var event = Event.of(id.task, .questionAnswered)
            event.question = id.description
            return [event]
        }
    }

    private func wait(_ id: QuestionID, timeout: Double? = nil, by requester: Requester? = nil, _ rig: StreamRig) throws {
        let requester = requester ?? Requester(uid: 1000, isAdministrator: false, principal: .task(id.task))
        let parameters = QuestionWaitParameters(question: id.description, timeout: timeout)
        try rig.streams.wait(parameters, by: requester, rig.responder())
    }

    @Test(arguments: 1...10) func everyAnswerIsHeardOf(look: Int) throws {
        let rig = try StreamRig()
        defer { rig.end() }
        let id = try ask(rig)
        let looks = Mutex(0)
        rig.onLook {
            let isDue = looks.withLock { looks in
                looks += 1
                return looks == look
            }
            if isDue { try settle(id, as: .answered, "yes", rig) }
        }
        try wait(id, rig)
        try rig.settle()
        if looks.withLock({ $0 < look }) {
            try #require(rig.client.answers.isEmpty)
            try settle(id, as: .answered, "yes", rig)
            try rig.settle()
        }
        let record = try #require(rig.client.result(QuestionRecord.self))
        #expect(record.state == .answered && record.answer == "yes" && record.id == id.description)
    }

    @Test func itEndsWithItsTimeAndWithTheQuestion() throws {
        for (timeout, state) in [(5, nil), (0, nil), (nil, .expired), (nil, .withdrawn)] as [(Double?, Question.State?)] {
            let rig = try StreamRig()
            defer { rig.end() }
            let id = try ask(rig)
            try wait(id, timeout: timeout, rig)
            try rig.settle()
            if timeout != 0 { try #require(rig.client.answers.isEmpty) }
            if let state { try settle(id, as: state, nil, rig) } else { rig.client.timeIsOver() }
            try rig.settle()
            let record = try #require(rig.client.result(QuestionRecord.self))
            #expect(record.state.rawValue == state.map { "\($0)" } ?? "open" && record.answer == nil)
        }
    }

    @Test func nobodyElseWaits() throws {
        let rig = try StreamRig()
        defer { rig.end() }
        let id = try ask(rig)
        for principal in [Principal.task(id.task + 1), .user(1000)] {
            let requester = Requester(uid: 1000, isAdministrator: true, principal: principal)
            #expect(throws: WireError.self) { try wait(id, by: requester, rig) }
        }
        #expect(throws: WireError.self) { try wait(QuestionID(task: id.task, number: 2), rig) }
    }
}
