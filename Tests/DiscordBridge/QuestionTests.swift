import FoundationEssentials
import OrchProtocol
import Testing

@testable import DiscordAPI
@testable import DiscordBridge

/// What tasks ask people: how it is shown, who may answer, and what it says afterwards.
@Suite struct QuestionTests {
    private static func question(
        _ number: Int = 1, _ state: QuestionRecord.State = .open, _ choices: [String]? = ["yes", "no"],
        text: String = "Deploy?", _ fill: (inout QuestionRecord) -> Void = { _ in }
    ) -> QuestionRecord {
        var question = QuestionRecord(
            id: QuestionID(task: 42, number: number), attempt: 1, state: state, text: text, freeText: choices == nil,
            askedAt: Timestamp(milliseconds: 0))
        question.choices = choices
        fill(&question)
        return question
    }

    /// A stage on which task 42 asks, and its card is there.
    private static func asking(_ questions: QuestionRecord..., rules: ([Authorizer.Rule]) -> [Authorizer.Rule] = { $0 }) throws
        -> Stage
    {
        var stage = try Stage {
            $0.results = nil
            $0.authorizer.rules = rules($0.authorizer.rules)
        }
        _ = try stage.task(42)
        _ = try stage.news(of: 42, Stage.record(42, .running, questions))
        return stage
    }

    /// The message with the question, as it should be.
    private static func shown(_ stage: Stage, _ number: Int = 1) throws -> Content? {
        try stage.store.transaction { store in
            try (1...30).compactMap { try store.post($0) }.filter { $0.kind == .ask }.compactMap { Bridge.content($0.content) }
                .first {
                    $0.card?.title.contains("question 42.q\(number)") == true
                        || $0.card?.title.contains("Question 42.q\(number)") == true
                }
        }
    }

    private static func press(_ choice: Int?, _ number: Int = 1) -> Invocation.Use {
        .button(ButtonID(answer: QuestionID(task: 42, number: number), choice: choice))
    }

    // MARK: How it is shown

    @Test func itIsShownOnceWithAButtonForEachAnswer() throws {
        var stage = try Self.asking()
        let until = Timestamp(milliseconds: 1_800_000_123_000)
        let question = Self.question(text: "Deploy, @everyone? <@7> [x](http://y)") {
            $0.freeText = true
            $0.until = until
            $0.default = "no"
        }
        let first = try stage.news(of: 42, Stage.record(42, .running, [question]))
        #expect(first.effects.created.map(\.kind) == [.ask])
        #expect(first.effects.created.map(\.place) == [Snowflake(1042)])
        let content = try #require(first.effects.created.first?.content)
        #expect(content.text == "<@1> Task 42 asks:" && content.calls == Snowflake(1))
        #expect(content.card?.title == "❓ Question 42.q1")
        #expect(content.card?.body == "Deploy, @\u{2060}everyone? \\<@\u{2060}7> [x]\\(http://y)")
        #expect(
            content.card?.fields == [.init("Until", "<t:1800000123:f>, <t:1800000123:R>"), .init("Then the answer is", "no")])
        #expect(content.buttons.map(\.label) == ["yes", "no", "Answer …"])
        #expect(content.buttons.map(\.id) == ["answer:42:1:0", "answer:42:1:1", "answer:42:1"])
        #expect(content.buttons.map(\.answer) == ["yes", "no", nil])
        // Whatever else happens to the task, it is the same message.
        #expect(try stage.news(of: 42, Stage.record(42, .running, [question])).effects.created.isEmpty)
    }

    @Test func itsMessageNamesWhomItCallsAndNobodyElse() throws {
        let content = QuestionCard.content(Self.question(), QuestionID(task: 42, number: 1), askedBy: Snowflake(1))
        let draft = try Self.json(content)
        #expect(draft.contains(#""allowed_mentions":{"parse":[],"users":["1"]}"#), "\(draft)")
        let other = try Self.json(Content(text: "<@1>"))
        #expect(other.contains(#""allowed_mentions":{"parse":[]}"#), "\(other)")
    }

    private static func json(_ content: Content) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(MessageDraft(content)), as: UTF8.self)
    }

    /// 20 is the most that orchd takes; with a text there are 21 buttons, in rows of five.
    @Test(arguments: [1, 5, 6, 20], [false, true]) func allAnswersHaveRoom(_ count: Int, _ takesText: Bool) throws {
        let choices = (0..<count).map { "\($0)" + String(repeating: "ä", count: 39) }
        let question = Self.question(1, .open, choices) { $0.freeText = takesText }
        let content = QuestionCard.content(question, QuestionID(task: Int64.max, number: 1000), askedBy: Snowflake(1))
        #expect(content.buttons.compactMap(\.answer) == choices)
        #expect(content.buttons.allSatisfy { (1...80).contains($0.label.count) && $0.id.count <= 100 })
        #expect(content.buttons.allSatisfy { ButtonID($0.id)?.description == $0.id })
        let rows = try #require(MessageDraft(content).components)
        let sizes = rows.map { if case .row(let buttons) = $0 { buttons.count } else { 0 } }
        #expect(sizes.count <= 5 && sizes.allSatisfy { (1...5).contains($0) })
        #expect(sizes.reduce(0, +) == count + (takesText ? 1 : 0))
    }

    @Test(arguments: [" ", "\u{A0}", "\u{200B}", "\u{2060}\u{FEFF}", "\u{202E}", "\u{3000}"]) func everyButtonCanBeRead(
        _ choice: String
    ) {
        let content = QuestionCard.content(
            Self.question(1, .open, [choice]), QuestionID(task: 42, number: 1), askedBy: Snowflake(1))
        #expect(content.buttons.map(\.answer) == [choice])
        let isBlank = content.buttons[0].label.unicodeScalars.allSatisfy {
            $0.properties.isWhitespace || $0.properties.isDefaultIgnorableCodePoint
        }
        #expect(!isBlank, "\(content.buttons[0].label.unicodeScalars.map(\.value))")
    }

    @Test func aLongQuestionIsAFileToo() throws {
        let text = String(repeating: "<@1>](@", count: 4096 / 7)
        let content = QuestionCard.content(Self.question(text: text), QuestionID(task: 42, number: 1), askedBy: Snowflake(1))
        let card = try #require(content.card)
        #expect(card.body?.utf16.count ?? 0 <= 4096)
        #expect(content.files.map(\.text) == [text])
        let answered = Self.question(1, .answered, nil, text: text) {
            $0.answer = String(repeating: ":*", count: 2048)
            $0.answeredBy = "\"discord:7\" of uid 1"
        }
        let last = QuestionCard.content(answered, QuestionID(task: 42, number: 1), askedBy: Snowflake(1))
        #expect(last.files.isEmpty && last.card?.fields.allSatisfy { $0.value.utf16.count <= 1024 } ?? false)
    }

    @Test(
        arguments: [
            (
                QuestionRecord.State.answered, "yes", "\"discord:77\" of uid 998", "✅ Question 42.q1 was answered",
                "Answer: yes, By: <@77>"
            ),
            (.answered, "yes", "uid 1000", "✅ Question 42.q1 was answered", "Answer: yes, By: uid 1000"),
            (
                .answered, "@here", "\"discord:7x\" of uid 9", "✅ Question 42.q1 was answered",
                "Answer: \\@here, By: \"discord:\u{2060}7x\" of uid 9"
            ),
            (.answered, "no", nil, "⌛ Question 42.q1 was not answered in time", "The default is the answer: no"),
            (.expired, nil, nil, "⌛ Question 42.q1 was not answered in time", ""),
            (.withdrawn, nil, nil, "🚫 Question 42.q1 was withdrawn", "Why: The attempt that asked has ended."),
        ] as [(QuestionRecord.State, String?, String?, String, String)])
    func afterwardsItSaysWhatHasComeOfIt(
        _ state: QuestionRecord.State, _ answer: String?, _ by: String?, _ title: String, _ fields: String
    ) throws {
        var stage = try Self.asking(Self.question())
        let ended = Self.question(1, state) { ($0.answer, $0.answeredBy) = (answer, by) }
        let news = try stage.news(of: 42, Stage.record(42), ended: [ended])
        #expect(news.asking == [1])
        let content = try #require(try Self.shown(stage))
        #expect(content.card?.title == title)
        #expect(content.card?.fields.map { "\($0.name): \($0.value)" }.joined(separator: ", ") == fields)
        #expect(content.card?.body == "Deploy?" && content.buttons.isEmpty && content.calls == nil)
        // Nobody asks for it again.
        #expect(try stage.news(of: 42, Stage.record(42)).asking == [])
        guard case .say(let late) = try stage.use(Self.press(0)).reply else { Issue.record("no reply"); return }
        #expect(late.text == "Question 42.q1 is not open.")
    }

    @Test(arguments: [true, false]) func whatTheDaemonNoLongerKnowsIsNotOpen(_ isTaskKnown: Bool) throws {
        var stage = try Self.asking(Self.question())
        _ = try stage.news(of: 42, isTaskKnown ? Stage.record(42) : nil)
        let content = try #require(try Self.shown(stage))
        #expect(content.card?.title == "🚫 orchd no longer knows question 42.q1" && content.buttons.isEmpty)
    }

    @Test func twoQuestionsOfATaskAreTwoMessages() throws {
        var stage = try Self.asking(Self.question(1), Self.question(2, .open, nil, text: "Which name?"))
        #expect(try Self.shown(stage, 1)?.card?.body == "Deploy?" && Self.shown(stage, 2)?.card?.body == "Which name?")
        guard case .say(let which) = try stage.use(.command(Wish("answer", ["task": .string("42")]))).reply else {
            Issue.record("no reply"); return
        }
        #expect(which.text == "Task 42 asks 2 questions: 42.q1, 42.q2. Give one of these instead of the task.")
        let ended = Self.question(1, .answered) { ($0.answer, $0.answeredBy) = ("yes", "uid 1") }
        let news = try stage.news(
            of: 42, Stage.record(42, .running, [Self.question(2, .open, nil, text: "Which name?")]), ended: [ended])
        #expect(news.asking == [1, 2])
        #expect(try Self.shown(stage, 1)?.buttons.isEmpty == true && Self.shown(stage, 2)?.buttons.count == 1)
        #expect(
            try stage.use(.command(Wish("answer", ["task": .string("42"), "answer": .string("Ada")]))).order
                == .answer("42.q2", "Ada"))
    }

    @Test func whereThereIsNoThreadItIsBesideTheCard() throws {
        var stage = try Stage()
        _ = try stage.turn(.message(ChatMessage(message: Snowflake(1042), by: Stage.alice)))
        _ = try stage.turn(.answered(.submit(Snowflake(1042)), .task(42)))
        let early = try stage.turn(.answered(.fetch(42), .record(Stage.record(42, .running, [Self.question()]))))
        #expect(early.created.isEmpty)
        let card = try stage.turn(.answered(.thread(42), .impossible("no threads here"))).created
        #expect(card.map(\.kind) == [.card] && card.map(\.place) == [Stage.channel])
        let next = try stage.turn(.answered(.post(card[0].post), .made(Snowflake(5000)))).created
        #expect(next.map(\.kind) == [.ask] && next.map(\.place) == [Stage.channel])
    }

    @Test func tasksThatAreNotShownAskNobody() throws {
        var stage = try Stage()
        #expect(try stage.news(of: 77, nil).asking == nil)
    }

    // MARK: Who answers

    @Test func aButtonAnswers() throws {
        var stage = try Self.asking(Self.question())
        #expect(try stage.use(Self.press(1)).order == .answer("42.q1", "no"))
        // The daemon decides which is the first.
        #expect(try stage.use(Self.press(0)).order == .answer("42.q1", "yes"))
    }

    @Test func aFormAnswersWithAnyText() throws {
        var stage = try Self.asking(Self.question(1, .open, nil))
        let asked = try stage.use(Self.press(nil))
        guard case .form(let form)? = asked.reply else { Issue.record("no form"); return }
        #expect(form.title == "Question 42.q1" && form.title.count <= 45)
        let mallory = Person(id: Snowflake(2), name: "mallory", roles: [Snowflake(7)])
        #expect(try stage.use(.form(asked.id, texts: ["text": "mine"]), mallory).order == nil)
        #expect(try stage.use(.form(asked.id, texts: ["text": "Ada\n@here"])).order == .answer("42.q1", "Ada\n@here"))
        // Where only choices are taken there is no form.
        var strict = try Self.asking(Self.question())
        guard case .say(let hint)? = try strict.use(Self.press(nil)).reply else { Issue.record("a form"); return }
        #expect(hint.text == "Question 42.q1 takes one of these answers: yes, no.")
    }

    private static let other = Person(id: Snowflake(2), name: "bob", roles: [Snowflake(7)])

    @Test(arguments: [
        Person(id: Snowflake(2), name: "bob"), other, Person(id: Snowflake(99), kind: .own, name: "bot", roles: [Snowflake(7)]),
        Person(id: Snowflake(1), kind: .webhook, name: "alice", roles: [Snowflake(7)]),
        Person(id: Snowflake(8), kind: .bot, name: "robot", roles: [Snowflake(7)]),
    ])
    func whoMayNotIsTold(_ person: Person) throws {
        var stage = try Self.asking(Self.question(1, .open, ["yes"]) { $0.freeText = true })
        for use in [
            Self.press(0), Self.press(nil), .command(Wish("answer", ["task": .string("42.q1"), "answer": .string("yes")])),
        ] {
            let outcome = try stage.use(use, person)
            #expect(outcome.order == nil)
            guard case .say(let content)? = outcome.reply else { Issue.record("\(outcome)"); return }
            #expect(content.text.hasPrefix("No"), "\(content.text)")
        }
    }

    /// Who may change a task may answer what it asks; who may only look may not.
    @Test(arguments: Verb.allCases) func eachVerbThatChangesATaskAnswers(_ verb: Verb) throws {
        func may(_ others: Bool) throws -> Bool {
            var stage = try Self.asking(Self.question()) { rules in
                var rule = rules[0]
                rule.roles = [Snowflake(8)]
                (rule.verbs, rule.others) = ([verb], others)
                return rules + [rule]
            }
            return try stage.use(Self.press(0), Person(id: Snowflake(3), name: "carol", roles: [Snowflake(8)])).order != nil
        }
        #expect(try may(true) == [.stop, .retry, .pause, .priority, .answer].contains(verb))
        #expect(try !may(false))
    }

    @Test func completionOffersWhatIsAsked() throws {
        var stage = try Self.asking(Self.question())
        _ = try stage.task(43)
        func choices(_ wish: Wish, _ option: String, _ person: Person = Stage.alice) throws -> [String] {
            guard case .choices(let choices)? = try stage.use(.typing(wish, option: option), person).reply else { return ["?"] }
            return choices.map(\.value)
        }
        #expect(try choices(Wish("answer"), "task") == ["42"])
        #expect(try choices(Wish("answer", ["task": .string("42")]), "answer") == ["yes", "no"])
        #expect(try choices(Wish("answer", ["task": .string("42.q1"), "answer": .string("Y")]), "answer") == ["yes"])
        #expect(try choices(Wish("answer", ["task": .string("42")]), "answer", Self.other) == [])
        #expect(try choices(Wish("answer"), "task", Self.other) == [])
        guard case .say(let list)? = try stage.use(.command(Wish("list"))).reply else { Issue.record("no list"); return }
        #expect(list.text.contains("42  asking") && list.text.contains("43  running"), "\(list.text)")
    }
}
