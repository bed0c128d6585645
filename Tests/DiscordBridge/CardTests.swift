import DiscordAPI
import OrchProtocol
import TestSupport
import Testing

@testable import DiscordBridge

@Suite struct CardTests {
    private let cards = TaskCard(BridgeConfiguration())

    private func task(_ state: TaskState, _ prompt: String = "Write a poem", _ fill: (inout TaskRecord) -> Void = { _ in })
        -> TaskRecord
    {
        var task = TaskRecord(
            id: 42, state: state, pool: "default", priority: 0, submitter: 1000,
            submittedAt: Timestamp(milliseconds: 1_000_000))
        task.prompt = prompt
        fill(&task)
        return task
    }

    /// A card as text, as a reader sees its parts.
    private func picture(_ content: Content) -> String {
        var lines: [String] = []
        if !content.text.isEmpty { lines.append(content.text) }
        if let card = content.card {
            lines.append("# " + card.title)
            if let body = card.body { lines.append(body) }
            lines += card.fields.map { "\($0.name): \($0.value)" }
            if let footer = card.footer { lines.append("-- " + footer) }
        }
        if !content.buttons.isEmpty { lines.append(content.buttons.map { "[\($0.label) \($0.id)]" }.joined(separator: " ")) }
        lines += content.files.map { "file \($0.name), \($0.text.utf8.count) bytes" }
        return lines.joined(separator: "\n")
    }

    @Test func aQueuedTask() {
        let task = task(.queued) {
            $0.waiting = .ready
            $0.model = "opus"
            $0.reason = "waits for a free slot"
        }
        #expect(
            picture(cards.card(task, askedBy: "alice")) == """
                # ⏳ Write a poem
                **queued**: waits for a free slot
                Pool: default
                Model: opus
                -- task 42 · alice
                [Cancel stop:42] [Raise priority raise:42]
                """)
        #expect(cards.reaction(task) == "⏳")
    }

    /// The card says it; for who looks at the channel it runs.
    @Test func aTaskThatAsks() {
        let question = QuestionRecord(
            id: QuestionID(task: 42, number: 1), attempt: 1, state: .open, text: "Deploy?", freeText: true,
            askedAt: Timestamp(milliseconds: 0))
        let task = task(.running) { $0.questions = [question] }
        #expect(cards.reaction(task) == "▶️")
        #expect(cards.card(task, askedBy: "alice").card?.body?.hasPrefix("**asking**") == true)
    }

    @Test func aTaskThatHasFailed() {
        let task = task(.failed) {
            $0.reason = "exited with status 3"
            $0.startedAt = Timestamp(milliseconds: 2_000_000)
            $0.finishedAt = Timestamp(milliseconds: 2_090_000)
            $0.attemptCount = 2
            var attempt = AttemptRecord(number: 2, state: .ended, dispatchedAt: Timestamp(milliseconds: 2_000_000))
            attempt.usage = Usage(tokensIn: 10, tokensOut: 7, cost: 12_300)
            $0.attempts = [attempt]
        }
        #expect(
            picture(cards.card(task, askedBy: "bob")) == """
                # ❌ Write a poem
                **failed**: exited with status 3
                Pool: default
                Attempt: 2
                Took: 1m 30s
                Tokens: 10 in, 7 out
                Cost: $0.0123
                -- task 42 · bob
                [Retry retry:42] [Logs logs:42]
                """)
    }

    @Test func theEndOfOneThatSucceeded() {
        let task = task(.succeeded) { $0.result = TaskResult(text: "Roses are **red**\n", truncated: false) }
        #expect(
            picture(cards.end(task, askedBy: "alice", thread: Snowflake(500))) == """
                # ✅ Write a poem
                Roses are **red**
                <#500>
                Pool: default
                -- task 42 · alice
                """)
        #expect(picture(cards.legacyEnd(task)) == "```\n42||SUCCESS||Roses are **red**\n```")
        #expect(cards.answer(task).map(picture) == ["Roses are **red**\n"])
    }

    @Test func aLongAnswerIsAFile() {
        let text = String(repeating: "A line of the answer.\n", count: 1000)
        let task = task(.succeeded) { $0.result = TaskResult(text: text, truncated: false) }
        let answer = cards.answer(task)
        #expect(answer.count == 1)
        #expect(answer.first?.files.map(\.text) == [text])
        #expect((answer.first?.text.utf16.count ?? 0) <= 2000)
    }

    // MARK: Text of others

    @Test(arguments: [
        "@everyone", "<@1>", "<@&1>", "<#1>", "<:a:1>", "<a:b:1>", "<t:1:R>", "</x:1>", "[bank](https://evil.example)",
        "```", "**bold**", "# big", "> quote", "- item", "1. item", "a\u{1B}[31m", "a\u{202E}b", "||x||",
        "https://evil.example",
    ]) func aTitleIsPlain(_ text: String) {
        let line = DiscordText.line("x " + text)
        for sign in ["<@", "<#", "<:", "<t", "<a", "</", "](", "```", "**", "||", "@e", "://"] {
            #expect(!Self.bare(line, sign), "\(line) has \(sign)")
        }
        #expect(!line.unicodeScalars.contains("\u{1B}") && !line.unicodeScalars.contains("\u{202E}"))
    }

    @Test(arguments: [
        "@everyone", "@here", "<@1>", "<@&1>", "<#1>", "<:a:1>", "<a:b:1>", "<t:1:R>", "</x:1>", "[bank](https://evil.example)",
        "a\u{1B}[31m",
    ]) func anAnswerMentionsNobody(_ text: String) {
        let answer = DiscordText.markdown("see \(text) and **this**")
        for sign in ["<@", "<#", "<:", "<t", "<a", "</", "](", "@e", "@h"] {
            #expect(!Self.bare(answer, sign), "\(answer) has \(sign)")
        }
        #expect(answer.contains("**this**"))
        #expect(DiscordText.markdown("```\n\(text)\n```").contains("```\n"))
    }

    /// Whether Discord would see it: not after a backslash.
    private static func bare(_ text: String, _ sign: String) -> Bool {
        var before: Unicode.Scalar?
        for index in text.unicodeScalars.indices {
            if before != "\\", text.unicodeScalars[index...].starts(with: sign.unicodeScalars) { return true }
            before = before == "\\" ? nil : text.unicodeScalars[index]
        }
        return false
    }

    @Test func theEndOfABlockCannotBeForged() {
        let fenced = DiscordText.fenced("a\n```\n@everyone `x`")
        #expect(fenced.ranges(of: "```").count == 2)
    }

    // MARK: Pieces

    @Test(arguments: 0..<60 as Range<UInt64>) func piecesAreTheWhole(_ seed: UInt64) {
        var random = SeededGenerator(seed)
        let words = ["```swift", "```", "word", "ein längeres Wort", "👩‍👩‍👧", String(repeating: "x", count: 70), "", "  ", "`a`"]
        let text = (0..<Int.random(in: 0...120, using: &random)).map { _ in
            (0..<Int.random(in: 0...4, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
                .joined(separator: " ")
        }.joined(separator: "\n")
        let pieces = Chunks.of(text, length: 100)
        // An opened block is opened again, which is all that is added.
        func letters(_ text: String) -> [Unicode.Scalar] {
            text.replacing("```swift", with: "").unicodeScalars.filter { !$0.properties.isWhitespace && $0 != "`" }
        }
        for piece in pieces {
            #expect(piece.utf16.count <= 100)
            #expect(DiscordText.fences(in: piece.unicodeScalars).isMultiple(of: 2), "\(piece)")
        }
        #expect(letters(pieces.joined(separator: "\n")) == letters(text))
    }

    @Test func aBlockGoesOn() {
        let lines = (1...6).map { "let line\($0) = 1" }
        let pieces = Chunks.of("See\n```swift\n\(lines.joined(separator: "\n"))\n```\nDone.", length: 60)
        #expect(
            pieces == [
                "See\n```swift\nlet line1 = 1\nlet line2 = 1\nlet line3 = 1\n```",
                "```swift\nlet line4 = 1\nlet line5 = 1\nlet line6 = 1\n```", "Done.",
            ])
    }

    @Test func aButtonIsReadBack() {
        for action in ButtonID.Action.allCases where action != .answer {
            #expect(ButtonID(ButtonID(action, 42).description) == ButtonID(action, 42))
        }
        for choice in [nil, 0, 19] {
            let button = ButtonID(answer: QuestionID(task: 42, number: 3), choice: choice)
            #expect(ButtonID(button.description) == button)
        }
        for text in ["answer:1", "answer:1:2:3:4", "answer:1:x", "answer::1", "answer:1:-1:0"] {
            #expect(ButtonID(text) == nil)
        }
        for text in ["", "stop", "stop:", "stop:x", "stop:-1", "go:1", "stop:99999999999999999999", "stop:1:2"] {
            #expect(ButtonID(text) == nil)
        }
    }
}
