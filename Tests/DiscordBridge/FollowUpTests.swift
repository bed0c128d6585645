import OrchProtocol
import Testing

@testable import DiscordBridge

/// A prompt that continues an earlier task.
@Suite struct FollowUpTests {
    private static func record(_ fill: (inout TaskRecord) -> Void = { _ in }) -> TaskRecord {
        var record = TaskRecord(
            id: 7, state: .succeeded, pool: "default", priority: 0, submitter: 0, submittedAt: Timestamp(milliseconds: 0))
        record.prompt = "write a poem"
        record.model = "big"
        record.thinking = .high
        record.result = TaskResult(text: "Roses are red.", truncated: false)
        fill(&record)
        return record
    }

    private static func continued(_ prompt: String, pool: String = "default", _ record: TaskRecord?) throws -> TaskSpec {
        var spec = TaskSpec(prompt: prompt)
        spec.pool = pool
        try FollowUp.continue(7, record, in: &spec)
        return spec
    }

    @Test func itHasTheEarlierRequestAndItsAnswer() throws {
        let spec = try Self.continued("shorter", Self.record())
        #expect(
            spec.prompt
                == """
                This continues an earlier conversation.

                The earlier request:

                write a poem

                The answer to it:

                Roses are red.

                The request now:

                shorter
                """)
        #expect((spec.model, spec.thinking) == ("big", .high))
    }

    @Test func tagsStandBeforeIt() throws {
        let spec = try Self.continued("[model:small] [thinking:low] shorter", Self.record())
        #expect(spec.prompt?.hasPrefix("[model:small] [thinking:low] This continues") ?? false)
        #expect(spec.prompt?.hasSuffix("\n\nshorter") ?? false)
        #expect((spec.model, spec.thinking) == (nil, nil))
        #expect(try Self.continued("shorter", pool: "other", Self.record()).model == nil)
    }

    @Test func itIsBounded() throws {
        let spec = try Self.continued(
            "shorter",
            Self.record {
                $0.prompt = String(repeating: "ä\u{301}🙂", count: 50_000)
                $0.result = TaskResult(text: String(repeating: "🙂", count: 100_000), truncated: true)
            })
        #expect(spec.prompt?.utf8.count ?? 0 < 42_000)
        #expect(spec.prompt?.hasSuffix("shorter") ?? false)
    }

    @Test func whatHasNoEndCannotBeContinued() throws {
        #expect(throws: FollowUp.Refused.self) { try Self.continued("more", nil) }
        #expect(throws: FollowUp.Refused.self) { try Self.continued("more", Self.record { $0.state = .running }) }
        let question = QuestionRecord(
            id: QuestionID(task: 7, number: 1), attempt: 1, state: .open, text: "Deploy?", freeText: true,
            askedAt: Timestamp(milliseconds: 0))
        do {
            _ = try Self.continued("yes", Self.record { ($0.state, $0.questions) = (.running, [question]) })
            Issue.record("an answer became a task")
        } catch let refused as FollowUp.Refused {
            #expect(refused.reason == "task 7 asks something: use the buttons below its question")
        }
        let failed = try Self.continued(
            "again",
            Self.record {
                $0.state = .failed
                $0.result = nil
            })
        #expect(failed.prompt?.contains("It ended without an answer: failed.") ?? false)
    }
}
