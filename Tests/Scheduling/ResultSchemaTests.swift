import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// What a task has to say of its result, and what the end of an attempt means then.
@Suite struct ResultSchemaTests {
    private static func verdict(
        _ ending: AttemptEnd.Ending, _ delivery: Delivery?, failure: AgentFailure? = nil, stopping: StopCause? = nil
    ) -> AttemptVerdict {
        var definition = TaskDefinition(work: .prompt("p"), submitter: 0, submittedAt: 0)
        definition.resultSchema = "{}"
        let task = TaskItem(definition: definition, pool: "p", phase: .active)
        var attempt = Attempt(id: 1, task: 1, number: 1, pool: "p", state: .running, dispatchedAt: 0)
        attempt.delivery = delivery
        attempt.stopping = stopping
        var end = AttemptEnd(attempt: 1, start: nil, ending: ending, endedAt: 0, endedMonotonic: 0)
        end.failure = failure
        end.stopped = stopping != nil
        return AttemptVerdict.judge(end, of: attempt, task: task)
    }

    private static let failure = AgentFailure(.schema, "the result is empty, and not JSON")

    @Test func aMismatchIsAFailureWhoeverTheResultIsFrom() {
        let expected = AttemptVerdict.outcome(Outcome(.failed, code: 0, failure: .schema), reason: Self.failure.message)
        #expect(Self.verdict(.exited(0), nil, failure: Self.failure) == expected)
        let warm = AttemptVerdict.outcome(Outcome(.failed, failure: .schema), reason: Self.failure.message)
        #expect(Self.verdict(.exited(0), .succeeded, failure: Self.failure) == warm)
        #expect(Self.verdict(.signalled(9), .succeeded, failure: Self.failure) == warm)
    }

    @Test func aResultThatNobodyCouldLookAtIsNone() throws {
        guard case .outcome(let outcome, let reason) = Self.verdict(.lost("the machine was booted"), .succeeded) else {
            throw Unexpected()
        }
        #expect(
            outcome == Outcome(.lost) && reason == "the machine was booted, before its result was checked against its schema")
    }

    @Test func whoCancelsItHasTheLastWord() {
        #expect(
            Self.verdict(.exited(0), nil, failure: Self.failure, stopping: .cancelled)
                == .outcome(Outcome(.cancelled), reason: "cancelled"))
    }

    private struct Unexpected: Error {}

    @Test(arguments: [
        (#"{"type":"strin"}"#, "\"type\" has the unknown type \"strin\"; did you mean \"string\"?"),
        (#"{"items":{"$ref":"http://a/b"}}"#, "at /items: refers to"), ("3", "a schema is an object, or true or false"),
    ])
    func aSchemaThatCannotBeKeptToIsRefusedAtSubmit(_ schema: String, _ problem: String) throws {
        let value = try JSONValue(Array(schema.utf8))
        let error = try Rig().refusal(.submit(.one(.command { $0.resultSchema = value })))
        #expect(error.data?.field == "result_schema" && error.message.contains(problem), "\(error.message)")
    }

    @Test func aSchemaIsKeptWithItsTaskAndHasABound() throws {
        let rig = try Rig()
        func schema(_ size: Int) -> JSONValue { .object(["title": .string(String(repeating: "x", count: size - 12))]) }
        let id = try rig.submit(.command { $0.resultSchema = schema(65_536) })
        #expect(try rig.task(id).definition.resultSchema?.utf8.count == 65_536)
        let error = try rig.refusal(.submit(.one(.command { $0.resultSchema = schema(65_537) })))
        #expect(error.message == "a schema has at most 64 KiB")
    }
}
