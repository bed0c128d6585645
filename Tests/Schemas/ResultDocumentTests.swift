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
        ("", "is empty, and no JSON"), (" \n", "is empty, and no JSON"), ("``````", "is no JSON"), ("```json\n```", "is empty"),
        (
            "Here you are: {}",
            "is no JSON: it has something that is no JSON value at byte 0, and begins with \"Here you are: {}\""
        ),
        ("{} done", "something after the value at byte 3"), ("{\"a\":1,}", "is no JSON"),
        ("[]", "must be an object, not an array of 0"),
        ("1e999", "beyond all bounds"),
        (String(repeating: " ", count: 1 << 20) + "{}", "longer than the 1 MiB"),
    ])
    func whatIsWrongIsSaid(_ text: String, _ problem: String) throws {
        let error = try #require(throws: JSONSchema.Mismatch.self) { try document(text) }
        #expect(error.problem.contains(problem), "\(error.problem)")
    }
}
