import Foundation
import OrchProtocol
import Testing

/// What a newer daemon says passes an older client as it is.
@Suite struct OpenEnumTests {
    @Test func anEventWithUnknownWordsIsReadAndWrittenAsItWas() throws {
        let line =
            #"{"seq":7,"at":"2026-11-22T14:05:00.000Z","kind":"task.pondered","task":1,"state":"pondering","#
            + #""outcome":{"kind":"enlightened","code":4},"detail":"d"}"#
        let event = try Wire.decode(Event.self, from: Data(line.utf8))
        #expect(event.kind.rawValue == "task.pondered" && !Event.Kind.allCases.contains(event.kind))
        #expect(event.state?.rawValue == "pondering" && event.outcome?.kind.rawValue == "enlightened")
        #expect(String(decoding: event.line, as: UTF8.self) == line)
    }

    @Test func aTaskWithUnknownWordsIsRead() throws {
        var text = String(decoding: try Wire.line(RoundTripTests.task), as: UTF8.self)
        for (word, other) in [("failed", "pondering"), ("limited", "bored"), ("ended", "dreaming"), ("signalled", "asleep")] {
            #expect(text.contains("\"\(word)\""))
            text = text.replacing("\"\(word)\"", with: "\"\(other)\"")
        }
        let task = try Wire.decode(TaskRecord.self, from: Data(text.utf8))
        #expect(task.state.rawValue == "pondering" && task.state.isFinal && task.waiting?.rawValue == "bored")
        #expect(task.attempts.first?.state.rawValue == "dreaming")
        #expect(task.attempts.first?.outcome?.kind.rawValue == "asleep")
        #expect(task.attempts.first?.outcome?.exitStatus == 1 && task.attempts.first?.outcome?.retryCause == nil)
    }

    /// A misspelt parameter is still one.
    @Test func anUnknownStateIsNoParameter() throws {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"task.list","params":{"states":["queued","qeued"]}}"#
        let error = try #require(throws: WireError.self) { try Wire.request(from: Data(line.utf8)).1.get() }
        #expect(error.kind == .invalidParameter && error.data?.field == "states[1]")
        #expect(error.message.contains("qeued") && error.message.contains("queued, running"))
    }

    @Test(arguments: [#""\u0000""#, #""a\u001b[31m""#, #""""#, #""two words""#])
    func whatIsNoWordIsRefused(_ text: String) {
        #expect(throws: DecodingError.self) { try Wire.decode(TaskState.self, from: Data(text.utf8)) }
    }
}
