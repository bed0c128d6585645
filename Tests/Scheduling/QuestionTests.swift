import OrchProtocol
import Storage
import TestSupport
import Testing

@testable import Scheduling

/// What tasks ask people: a row that outlives everything but the attempt, and an answer that comes from a person.
@Suite struct QuestionTests {
    private static func deploy(_ fill: (inout AskParameters) -> Void = { _ in }) -> AskParameters {
        var parameters = AskParameters(text: "Deploy?", choices: ["yes", "no"])
        fill(&parameters)
        return parameters
    }

    private func ask(_ parameters: AskParameters, of task: Int64) -> Command { Command(Call(.ask, parameters)) }

    private func refusal(_ rig: Rig, _ parameters: AskParameters, of task: Int64) throws -> WireError {
        try rig.refusal(Command(Call(.ask, parameters)), by: rig.door(of: task))
    }

    private func answer(_ question: String, _ text: String) -> Command {
        Command(Call(.answer, AnswerParameters(question: question, answer: text)))
    }

    private func record(_ rig: Rig, _ id: String) throws -> QuestionRecord {
        let name = try #require(QuestionName(id))
        let number = try #require(name.number)
        let question = try #require(try rig.store.question(QuestionID(task: name.task, number: number)))
        return QuestionRecord(question)
    }

    @Test func anAnswerIsKeptWithWhoGaveIt() throws {
        let rig = try Rig()
        let task = try rig.begun()
        let id = try rig.askQuestion(Self.deploy(), of: task)
        #expect(id == "\(task).q1")
        let asked = try #require(rig.events.last)
        #expect(asked.kind == .questionAsked && asked.question == id && asked.task == task && asked.detail == "Deploy?")
        // An engine that comes after it knows it as well.
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 9))
        let other = try rig.begun()
        let second = try rig.askQuestion(Self.deploy(), of: other)
        rig.advance(5000)
        let record = try rig.question(rig.ask(answer("\(other)", "yes"), by: Rig.alice))
        #expect(record.id == second && record.state == .answered && record.answer == "yes" && record.answeredBy == "uid 1000")
        #expect(record.endedAt?.milliseconds == rig.now.wall)
        let event = try #require(rig.events.last)
        #expect(event.kind == .questionAnswered && event.by == "uid 1000" && event.detail == "yes" && event.question == second)
        #expect(try self.record(rig, second) == record)
        #expect(try rig.refusal(answer(second, "no")).message.contains("was answered by uid 1000: \"yes\""))
    }

    @Test func onlyAPersonAnswers() throws {
        let rig = try Rig(slots: 4)
        let (task, other) = (try rig.begun(), try rig.begun())
        let id = try rig.askQuestion(Self.deploy(), of: task)
        // Neither the task, nor another of the same submitter, not even one of an administrator.
        let doors = [task, other].flatMap { id in
            [true, false].map { Requester(uid: 0, isAdministrator: $0, principal: .task(id)) }
        }
        for door in doors { #expect(try rig.refusal(answer(id, "yes"), by: door).kind == .forbidden) }
        #expect(try rig.refusal(answer(id, "yes"), by: Rig.bob).kind == .forbidden)
        #expect(try record(rig, id).state == .open)
        #expect(try rig.question(rig.ask(answer(id, "yes"))).answeredBy == "uid 0")
    }

    @Test(arguments: [
        ("maybe", "choices"), ("", "choices"), ("Yes", "did you mean \"yes\"?"),
    ]) func anAnswerIsOneOfTheChoices(_ text: String, _ part: String) throws {
        let rig = try Rig()
        let id = try rig.askQuestion(Self.deploy())
        let error = try rig.refusal(answer(id, text))
        #expect(error.kind == .invalidParameter && error.data?.field == "answer")
        #expect(error.message.contains("must be one of \"yes\", \"no\"") && (part == "choices" || error.message.contains(part)))
        #expect(try record(rig, id).state == .open)
    }

    @Test func freeTextIsTakenWhereItIsWanted() throws {
        let rig = try Rig(slots: 4)
        for (parameters, isTaken) in [
            (AskParameters(text: "Which branch?"), true), (Self.deploy { $0.freeText = true }, true),
            (Self.deploy { $0.freeText = false }, false),
        ] {
            let id = try rig.askQuestion(parameters)
            let reply = try rig.ask(answer(id, "later"))
            if isTaken {
                #expect(try rig.question(reply).answer == "later")
            } else {
                #expect(try record(rig, id).state == .open)
            }
        }
        let id = try rig.askQuestion(AskParameters(text: "Which branch?"))
        for text in ["", " \n", "a\u{0}b", String(repeating: "x", count: 4097)] {
            #expect(try rig.refusal(answer(id, text)).data?.field == "answer")
        }
        #expect(try rig.question(rig.ask(answer(id, String(repeating: "x", count: 4096)))).state == .answered)
    }

    @Test func whatIsNoQuestionIsRefused() throws {
        let rig = try Rig()
        let task = try rig.begun()
        let long = String(repeating: "x", count: 4097)
        for (field, parameters) in [
            ("text", AskParameters(text: "")), ("text", AskParameters(text: " ")), ("text", AskParameters(text: long)),
            ("text", AskParameters(text: "a\u{0}")), ("choices", AskParameters(text: "?", choices: ["a", "a"])),
            ("choices", AskParameters(text: "?", choices: [""])), ("choices", AskParameters(text: "?", choices: ["a\nb"])),
            ("choices", AskParameters(text: "?", choices: (0...20).map { "\($0)" })),
            ("choices", AskParameters(text: "?", choices: [String(repeating: "x", count: 81)])),
            ("timeout", Self.deploy { $0.timeout = 0 }), ("timeout", Self.deploy { $0.timeout = .infinity }),
            ("default", Self.deploy { $0.default = "no" }),
            ("default", Self.deploy { ($0.default, $0.timeout) = ("maybe", 5) }), ("step", Self.deploy { $0.step = "" }),
            (
                "free_text",
                {
                    var it = AskParameters(text: "?"); it.freeText = false; return it
                }()
            ),
        ] {
            let error = try refusal(rig, parameters, of: task)
            #expect(error.kind == .invalidParameter && error.data?.field == field, "\(field): \(error)")
        }
        #expect(rig.store.counts.openQuestions == 0)
    }

    @Test func onlyOneThatRunsAsks() throws {
        let rig = try Rig(slots: 1)
        let (running, queued) = (try rig.begun(), try rig.submit(.command()))
        #expect(try refusal(rig, Self.deploy(), of: queued).kind == .invalidState)
        #expect(try refusal(rig, Self.deploy(), of: 999).kind == .invalidState)
        try rig.ask(.cancel(CancelParameters(ids: [running])))
        #expect(try refusal(rig, Self.deploy(), of: running).kind == .invalidState)
    }

    @Test func onlyAFewAreOpen() throws {
        let rig = try Rig()
        let task = try rig.begun()
        let ids = try (0..<QuestionRules.mostOfTask).map { _ in try rig.askQuestion(Self.deploy(), of: task) }
        #expect(try refusal(rig, Self.deploy(), of: task).message.contains("3 open questions, which is the limit"))
        let error = try rig.refusal(answer("\(task)", "yes"))
        #expect(error.message == "task \(task) has 3 open questions; name one of \(ids.joined(separator: ", "))")
        try rig.ask(answer(ids[1], "yes"))
        #expect(try rig.askQuestion(Self.deploy(), of: task) == "\(task).q4")
    }

    @Test(arguments: ["no" as String?, nil]) func theTimeOfAQuestionEnds(_ fallback: String?) throws {
        let rig = try Rig()
        let id = try rig.askQuestion(Self.deploy { ($0.timeout, $0.default) = (7200, fallback) })
        let until = rig.now.wall + 7_200_000
        #expect(try record(rig, id).until?.milliseconds == until)
        #expect(try rig.turn().nextWall == until)
        // Somebody sets the clock: two hours are two hours.
        rig.now.wall += 3_600_000
        try rig.turn(.clockStepped(by: 3_600_000))
        rig.advance(7_199_999)
        try rig.turn()
        #expect(try record(rig, id).state == .open)
        rig.advance(1)
        try rig.turn()
        let ended = try record(rig, id)
        #expect(ended.state == (fallback == nil ? .expired : .answered))
        #expect(ended.answer == fallback && ended.answeredBy == nil)
        #expect(rig.events.last?.kind == (fallback == nil ? .questionExpired : .questionAnswered))
        #expect(try rig.refusal(answer(id, "yes")).kind == .invalidState)
        #expect(try rig.turn().nextWall == nil && rig.store.counts.openQuestions == 0)
    }

    /// Every way in which an attempt ends.
    @Test func theEndOfTheAttemptWithdrawsItsQuestions() throws {
        let ends: [(Rig, Int64) throws -> Void] = [
            { try $0.end($1) }, { try $0.end($1, .exited(1)) }, { try $0.end($1, .signalled(9)) },
            { rig, _ in try rig.connect(Inventory(store: 77, heardUpTo: 0)) },
            { rig, attempt in
                try rig.ask(.cancel(CancelParameters(all: true)))
                try rig.end(attempt, .signalled(15), stopped: true)
            },
        ]
        for end in ends {
            let rig = try Rig()
            let task = try rig.begun(.command { $0.retries = 3 })
            let attempt = try rig.live(of: task).id
            let ids = try (0..<2).map { _ in try rig.askQuestion(Self.deploy(), of: task) }
            try end(rig, attempt)
            for id in ids { #expect(try record(rig, id).state == .withdrawn) }
            #expect(rig.events.filter { $0.kind == .questionWithdrawn }.map(\.question) == ids)
            #expect(try rig.refusal(answer(ids[0], "yes")).message.contains("was withdrawn"))
            #expect(rig.store.counts.openQuestions == 0)
        }
    }

    /// An attempt of whose start nobody has heard may have asked.
    @Test func whatNeverStartedHasNoQuestions() throws {
        let rig = try Rig()
        let task = try rig.submit(.command())
        let attempt = try rig.live(of: task).id
        let id = try rig.askQuestion(Self.deploy(), of: task)
        try rig.ask(.cancel(CancelParameters(ids: [task])))
        try rig.turn(.revoked(attempt: attempt, accepted: true))
        #expect(try record(rig, id).state == .withdrawn && rig.store.counts.openQuestions == 0)
    }

    @Test func aStepHasItsAnswerAgain() throws {
        let rig = try Rig()
        let task = try rig.begun(.command { ($0.retries, $0.retryDelay) = (9, 0) })
        let step = Self.deploy { $0.step = "deploy" }
        func again() throws {
            try rig.end(rig.live(of: task).id, .exited(1))
            rig.advance(60_000)
            try rig.turn()
            try rig.start(rig.live(of: task).id)
        }
        let first = try rig.askQuestion(step, of: task)
        #expect(try rig.askQuestion(step, of: task) == first, "the same attempt waits for the same")
        try again()
        // Nobody had answered: the next attempt asks again.
        let second = try rig.askQuestion(step, of: task)
        #expect(second != first)
        try rig.ask(answer(second, "no"))
        for _ in 0..<2 {
            let known = try rig.question(rig.ask(Command(Call(.ask, step)), by: rig.door(of: task)))
            #expect(known.id == second && known.answer == "no")
            try again()
        }
        // A step is of one question, and of one task.
        for other in [
            Self.deploy { ($0.step, $0.text) = ("deploy", "Really?") }, Self.deploy { ($0.step, $0.timeout) = ("deploy", 5) },
        ] {
            let error = try refusal(rig, other, of: task)
            #expect(error.data?.field == "step" && error.message.contains("was another question, \(second)"))
        }
        #expect(try rig.askQuestion(step, of: rig.begun()).hasSuffix(".q1"))
    }

    @Test func aStepThatExpiredIsAskedAgainByTheNextAttempt() throws {
        let rig = try Rig()
        let task = try rig.begun(.command { ($0.retries, $0.retryDelay) = (9, 0) })
        let step = Self.deploy { ($0.step, $0.timeout) = ("deploy", 5) }
        let first = try rig.askQuestion(step, of: task)
        rig.advance(5000)
        try rig.turn()
        let known = try rig.question(rig.ask(Command(Call(.ask, step)), by: rig.door(of: task)))
        #expect(known.id == first && known.state == .expired)
        try rig.end(rig.live(of: task).id, .exited(1))
        rig.advance(60_000)
        try rig.turn()
        try rig.start(rig.live(of: task).id)
        #expect(try rig.askQuestion(step, of: task) != first)
    }

    @Test func theyAreForgottenWithTheirTask() throws {
        let rig = try Rig()
        let task = try rig.begun()
        let id = try rig.askQuestion(Self.deploy(), of: task)
        try rig.ask(answer(id, "yes"))
        try rig.end(rig.live(of: task).id)
        #expect(try rig.store.questions(QuestionListParameters(task: task, all: true), limit: 9).questions.map(\.id) == [id])
        rig.advance(1000)
        try rig.turn(.retire(before: rig.now.wall, keep: 0))
        #expect(try rig.store.questions(QuestionListParameters(all: true), limit: 9).questions.isEmpty)
    }

    @Test func listsHaveTheNewestFirstAndPages() throws {
        let rig = try Rig(slots: 4)
        let ids = try (0..<3).map { _ in try rig.askQuestion(Self.deploy()) }
        try rig.ask(answer(ids[1], "yes"))
        var query = QuestionListParameters()
        #expect(try rig.store.questions(query, limit: 9).questions.map(\.id) == [ids[2], ids[0]])
        query.all = true
        let page = try rig.store.questions(query, limit: 2)
        #expect(page.questions.map(\.id) == [ids[2], ids[1]])
        query.cursor = page.nextCursor
        #expect(query.cursor != nil)
        let rest = try rig.store.questions(query, limit: 2)
        #expect(rest.questions.map(\.id) == [ids[0]] && rest.nextCursor == nil)
    }
}

@Suite struct QuestionNameTests {
    @Test(arguments: ["42", "42.q1", "1.q2147483647"]) func aName(_ text: String) throws {
        let name = try #require(QuestionName(text))
        #expect((name.number.map { QuestionID(task: name.task, number: $0).description } ?? "\(name.task)") == text)
    }

    @Test(arguments: [
        "", "0", "q1", "42.", "42.q", "42.1", "42.q0", "42.Q1", "42.q1.q2", "-1", "+1", "42.q-1", "42.q99999999999", " 42",
    ])
    func noName(_ text: String) { #expect(QuestionName(text) == nil) }
}
