import OrchProtocol
import Testing

@testable import Presentation

/// The files of the scripts that orchd replaces.
@Suite struct LegacyTests {
    static let nasty = [
        "", "plain", "a|b||", "line one\nline two\r\n", "🦞 crab 👩‍👩‍👧 ü e\u{301}", "back\\slash \\| \\n \\\\", "\\", " spaces ",
        "\u{1B}[31m\u{202E}\u{85}\0", "\\u{41}", "#",
    ]

    @Test(arguments: nasty) func anyTextSurvivesALine(_ text: String) {
        let line = LegacyLine.text([text, "", text])
        #expect(LegacyLine.fields(line).map { Array($0.utf8) } == [text, "", text].map { Array($0.utf8) })
        #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test(arguments: [
        (#"C:\temp\d+"#, #"C:\temp\d+"#), (#"\u41 \u{} \u{110000} \u{D800}"#, #"\u41 \u{} \u{110000} \u{D800}"#),
        (#"\u{1f980}\"#, "🦀\\"), (#"\u{41"#, #"\u{41"#),
    ]) func aBackslashThatEscapesNothingIsOne(_ line: String, _ field: String) {
        #expect(LegacyLine.fields(line) == [field])
    }

    @Test func readsAQueue() throws {
        let text = """
            # the old queue

              \t
            a-1|Write a haiku|anthropic/claude|HIGH
             2 | Split \\| by \\n lines || \r
            ü|🦞
            """
        let items = try LegacyQueue(Array(text.utf8)).items
        #expect(items.map(\.line) == [4, 5, 6])
        #expect(items.map(\.id) == ["a-1", "2", "ü"])
        #expect(items.map(\.description) == ["Write a haiku", " Split | by \n lines ", "🦞"])
        #expect(items.map(\.model) == ["anthropic/claude", nil, nil])
        #expect(items.map(\.thinking) == [.high, nil, nil])
        var spec = TaskSpec(prompt: "Write a haiku")
        (spec.pool, spec.name, spec.key, spec.model, spec.thinking) = ("p", "a-1", "import:a-1", "anthropic/claude", .high)
        #expect(items[0].spec(pool: "p") == spec)
    }

    @Test(
        arguments: [
            ("x", 1, "has no \"|\""), ("1|a\n|b", 2, "has no task id"), ("1| |m|", 1, "has no description"),
            ("1|a|b|high|d", 1, "has 5 fields instead of 4"), ("1|a||deep", 1, "has \"deep\" for thinking"),
            ("1|a\n# 1|x\n1|b", 3, "has the task id \"1\" of line 1 again"), (#"a\nb|c"#, 1, "has control characters"),
            ("# nothing\n", nil, "there is no task in it"),
        ] as [(String, Int?, String)]) func namesWhatIsWrong(_ text: String, _ line: Int?, _ reason: String)
    {
        let error = #expect(throws: LegacyQueue.Rejected.self) { try LegacyQueue(Array(text.utf8)) }
        #expect(error?.line == line)
        #expect(error?.message.contains(reason) == true)
    }

    @Test func refusesWhatIsNotText() {
        let error = #expect(throws: LegacyQueue.Rejected.self) { try LegacyQueue(Array("1|a\n2|".utf8) + [0xFF]) }
        #expect(error == .init(line: 2, message: "is not UTF-8"))
    }

    private func task(_ state: TaskState, result: String?) -> TaskRecord {
        var task = TaskRecord(
            id: 7, state: state, pool: "p", priority: 0, submitter: 0, submittedAt: Timestamp(milliseconds: 0))
        task.finishedAt = Timestamp(milliseconds: 1_795_371_903_250)
        task.result = result.map { TaskResult(text: $0, truncated: false) }
        return task
    }

    @Test(arguments: nasty) func aResultComesBackAsItWas(_ text: String) throws {
        var task = task(.succeeded, result: text + "\n")
        task.key = "import:" + "old|\\id"
        var attempt = AttemptRecord(number: 1, state: .ended, dispatchedAt: Timestamp(milliseconds: 0))
        attempt.worker = "default/2"
        task.attempts = [attempt]
        let line = LegacyResult.line(task)
        #expect(line.utf8.count { $0 == 0x0A } == 1)
        let time = try #require(task.finishedAt?.description)
        #expect(LegacyLine.fields(line.dropLast()) == ["old|\\id", "default/2", "SUCCESS", time, text])
    }

    @Test func aTaskThatNeverRanHasEmptyFields() {
        var task = task(.expired, result: nil)
        task.reason = "it did not start in time"
        let time = task.finishedAt?.description ?? ""
        #expect(LegacyResult.line(task) == "7||EXPIRED|\(time)|it did not start in time\n")
        task.state = .failed
        task.result = TaskResult(text: "half an answer", truncated: false)
        #expect(LegacyResult.line(task) == "7||FAILED|\(time)|half an answer\n")
    }

    @Test func onlyWhatIsCutEndsInADotsCharacter() {
        let full = String(repeating: "x", count: 200)
        #expect(LegacyResult.preview(task(.succeeded, result: full + "\n")) == full)
        #expect(LegacyResult.preview(task(.succeeded, result: full + "y")) == full + "…")
        #expect(LegacyResult.preview(task(.succeeded, result: LegacyResult.head(of: full + "y\nz"))) == full + "…")
    }
}
