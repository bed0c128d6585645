import FoundationEssentials
import OrchProtocol
import Testing

@testable import OrchClient

@Suite struct BatchTests {
    private func batch(_ text: String) throws(Batch.Rejected) -> Batch { try Batch(Array(text.utf8), keyPrefix: "k") }

    private func specs(_ batch: Batch) throws -> [TaskSpec] {
        try Wire.decode(Submission.self, from: Data(batch.parameters)).all
    }

    @Test func linesBecomeTasksWithKeys() throws {
        let batch = try batch("{\"command\":[\"x\"]}\n\n  {\"prompt\":\"p\",\"key\":\"own\"}\r\n{\"prompt\":\"ü\" } ")
        #expect(batch.count == 3)
        #expect(batch.isRepeatable)
        let specs = try specs(batch)
        #expect(specs.map(\.key) == ["k.0", "own", "k.2"])
        #expect(specs.map(\.prompt) == [nil, "p", "ü"])
    }

    @Test func aLargeBatchGetsNoKeys() throws {
        let lines = String(repeating: "{\"prompt\":\"p\"}\n", count: Batch.keyedLimit + 1)
        let batch = try batch(lines)
        #expect(!batch.isRepeatable)
        #expect(try specs(batch).allSatisfy { $0.key == nil })
        let keyed = String(repeating: "{\"prompt\":\"p\",\"key\":\"k\"}\n", count: Batch.keyedLimit + 1)
        #expect(try self.batch(keyed).isRepeatable)
    }

    @Test func aNullKeyIsNoKey() throws {
        let batch = try batch(#"{"prompt":"p","key":null}"#)
        #expect(!batch.isRepeatable)
        #expect(try specs(batch).map(\.key) == [nil])
    }

    @Test(arguments: [
        ("{\"prompt\":\"a\"}\n\nx", 3, "has no object, at byte 1"), ("{\"prompt\":\"a\"", 1, "has neither ',' nor '}'"),
        ("{\"prompt\":\"a\"}{}", 1, "has more than one object"), ("{\"promt\":\"a\"}", 1, "did you mean \"prompt\""),
        ("{}", 1, "has neither \"command\" nor \"prompt\""), ("{\"prompt\":null}", 1, "has neither"),
        ("[{\"prompt\":\"a\"}]", 1, "has no object"), ("{\"prompt\":\"a\nb\"}", 1, "without its closing quote"),
    ])
    func aBadLineIsNamed(_ text: String, _ line: Int, _ message: String) {
        do {
            _ = try batch(text)
            Issue.record("accepted")
        } catch {
            #expect(error.line == line)
            #expect(error.message.contains(message))
        }
    }

    @Test(arguments: ["", "\n", "  \n\r\n"]) func anEmptyFileIsRefused(_ text: String) {
        #expect(throws: Batch.Rejected(line: nil, message: "there is no task in it")) { try batch(text) }
    }

    @Test func whatIsNotUTF8IsRefused() {
        let bytes = Array("{\"prompt\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: Batch.Rejected(line: 1, message: "is not UTF-8")) { try Batch(bytes, keyPrefix: "k") }
    }

    @Test func aFieldLeadsBackToItsLine() throws {
        let batch = try batch("\n{\"prompt\":\"a\"}\n\n{\"prompt\":\"b\"}")
        #expect(batch.lineNumber(ofField: "[0].timeout") == 2)
        #expect(batch.lineNumber(ofField: "[1]") == 4)
        for field in ["", "[2].x", "[-1]", "timeout", "[x]", "[", "[1"] { #expect(batch.lineNumber(ofField: field) == nil) }
    }
}
