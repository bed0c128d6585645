import OrchProtocol
import Scheduling
import Storage
import Synchronization
import Testing

@testable import Engine

/// The turns hear of every request that waits at the door of a task when it begins, and before it is answered; and of no other.
@Suite struct DoorWaitTests {
    enum Wait: CaseIterable { case tasks, output, answer }
    enum End: CaseIterable { case done, time, closed, atOnce, look }

    @Test(arguments: Wait.allCases, End.allCases) func aTaskThatWaitsSaysSo(wait: Wait, end: End) throws {
        // Whoever follows does so for as long as it takes.
        if wait == .output, end == .time { return }
        let task = Requester.task(1, attempt: 2, uid: 1000)
        // Nobody but a task waits for an answer.
        for requester in [task, Requester(uid: 1000, isAdministrator: false)] where wait != .answer || requester.isTask {
            let rig = try StreamRig()
            defer { rig.end() }
            let told = Mutex<[Input]>([])
            #expect(try rig.submit() == 1, "the task that asks")
            let child = try rig.submit()
            let question = QuestionID(task: 1, number: 1)
            try rig.turn { transaction in
                _ = try transaction.insert(
                    Question(id: question, root: 1, attempt: 2, content: .init(text: "?", takesText: true), askedAt: 1))
                return []
            }
            if end == .atOnce { try finish(child, question, rig) }
            var streams = rig.streams
            streams.waits = { inputs in told.withLock { $0 += inputs } }
            let timeout: Double? = end == .look ? 0 : 60
            switch wait {
            case .tasks:
                var parameters = WaitParameters(ids: [child])
                parameters.timeout = timeout
                try streams.wait(parameters, by: requester, rig.responder())
            case .output:
                var parameters = LogsParameters(id: child)
                parameters.follow = end == .look ? nil : true
                try streams.logs(parameters, by: requester, rig.responder())
            case .answer:
                let parameters = QuestionWaitParameters(question: question.description, timeout: timeout)
                try streams.wait(parameters, by: requester, rig.responder())
            }
            try rig.settle()
            let isWaiting = requester.isTask && end != .atOnce && end != .look
            #expect(rig.client.answers.isEmpty == (end != .atOnce && end != .look))
            #expect(told.withLock { $0 } == (isWaiting ? [input(wait, 1)] : []))
            switch end {
            case .done: try finish(child, question, rig)
            case .time: rig.client.timeIsOver()
            case .closed: rig.client.close()
            case .atOnce, .look: break
            }
            try rig.settle()
            rig.client.close()
            #expect(told.withLock { $0 } == (isWaiting ? [input(wait, 1), input(wait, -1)] : []))
        }
    }

    private func input(_ wait: Wait, _ change: Int) -> Input {
        .waits(task: 1, attempt: 2, for: wait == .answer ? .answer : .tasks, change: change)
    }

    private func finish(_ child: Int64, _ question: QuestionID, _ rig: StreamRig) throws {
        try rig.finish(child)
        try rig.turn { transaction in
            var known = try #require(try transaction.question(question))
            (known.state, known.answer) = (.answered, "yes")
            try transaction.update(known, from: .open)
            var event = Event.of(question.task, .questionAnswered)
            event.question = question.description
            return [event]
        }
    }
}
