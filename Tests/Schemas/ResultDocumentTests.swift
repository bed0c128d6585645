import OrchProtocol
import Testing

@testable import Schemas

@Suite struct ResultDocumentTests {
    private func document(_ text: String, schema: String = #"{"type":"object"}"#) throws -> String {
        let bytes = Array(text.utf8)
        return String(
            decoding: bytes[try ResultDocument.check(bytes, against: JSONSchema(SchemaTests.value(schema)))], as: UTF8.self)
    }

    @Test(arguments: [
        "{}", " \n{}\n", "```json\n{}\n```", "```\n{}```\n", "  ```JSON \r\n{}\r\n```  ",
    ])
    func isFoundWithoutWhatStandsAroundIt(_ text: String) throws { #expect(try document(text) == "{}") }

    @Test(arguments: [
        ("", "is empty, and not JSON"), (" \n", "is empty, and not JSON"), ("``````", "is not JSON"),
        ("```json\n```", "is empty"),
        (
            "Here you are: {}",
            "is not JSON: it has something that is not a JSON value at byte 0, and begins with \"Here you are: {}\""
        ),
        ("{} done", "something after the value at byte 3"), ("{\"a\":1,}", "is not JSON"),
        ("[]", "must be an object, not an array of 0"),
        ("1e999", "a number that is too large"),
        (String(repeating: " ", count: 1 << 20) + "{}", "longer than the 1 MiB"),
    ])
    func whatIsWrongIsSaid(_ text: String, _ problem: String) throws {
        let error = try #require(throws: JSONSchema.Mismatch.self) { try document(text) }
        #expect(error.problem.contains(problem), "\(error.problem)")
    }
}
