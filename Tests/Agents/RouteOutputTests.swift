import Agents
import OrchProtocol
import Testing

/// What is taken for the answer of a rule's program.
@Suite struct RouteOutputTests {
    @Test(arguments: [
        (#"{"model":"x"}"#, "x"), ("Sure! Here it is:\n```json\n{\"model\": \"x\"}\n```\n", "x"),
        ("[1] {no json} {\"model\":\"x\"} {\"model\":\"y\"}", "x"), (#"["a", {"model":"z"}] {"model":"x"}"#, "x"),
    ])
    func theFirstObjectCounts(_ text: String, _ model: String) {
        #expect(RouteOutput.answer(in: Array(text.utf8)) == ["model": .string(model)])
    }

    @Test(arguments: ["", "x", "{", #"{"model":"x""#, "[1, 2]", "\"model\"", "null"])
    func allElseIsNone(_ text: String) {
        #expect(RouteOutput.answer(in: Array(text.utf8)) == nil)
    }

    @Test func noiseTakesNoTime() {
        #expect(RouteOutput.answer(in: Array(repeating: UInt8(ascii: "{"), count: RouteOutput.maximum)) == nil)
    }
}
