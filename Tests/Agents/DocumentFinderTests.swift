import JSON
import Testing

@testable import Agents

@Suite struct DocumentFinderTests {
    private func documents(_ text: String) -> [String] {
        var found: [String] = []
        DocumentFinder.documents(in: Array(text.utf8)) {
            found.append(String(decoding: $0.bytes[$0.range], as: UTF8.self))
            return true
        }
        return found
    }

    @Test(arguments: [
        ("", []), ("no json here", []), (#"{"a":1}"#, [#"{"a":1}"#]),
        (#"[info] up {not json} {"a":"}"} bye {"b":[]}"#, [#"{"a":"}"}"#, #"{"b":[]}"#]),
        ("\u{1B}[32m{\"a\":1}\u{1B}[0m", [#"{"a":1}"#]), (#"{"a":1"#, []), (#"{{"a":1}"#, [#"{"a":1}"#]),
        ("[2026-01-01] x\n[1]", ["[1]"]), (#"{"a":"\"{"}"#, [#"{"a":"\"{"}"#]), ("]}{\"", []),
    ])
    func findsWhatIsWhole(_ text: String, _ expected: [String]) {
        #expect(documents(text) == expected)
    }

    @Test func aLineIsADocument() throws {
        let pointer = try #require(JSONPointer("/a"))
        let text = "banner\n{\"a\":1}\n  {\"a\":2} trailing\n{\"a\":\n{\"a\":3}"
        let (lines, breaks) = DocumentFinder.lines(in: Array(text.utf8))
        #expect(lines.map { $0.values(at: pointer).map(\.text) } == [["1"], ["2"], ["3"]])
        #expect(breaks == [2])
    }

    /// What is made to cost time has an end.
    @Test(.timeLimit(.minutes(1)), arguments: ["[", "{\"a\":", "[1,", "{\"", "[\"\\", "[[1],"])
    func hostileOutputIsGivenUp(_ piece: String) {
        let text = String(repeating: piece, count: (1 << 19) / piece.utf8.count)
        DocumentFinder.documents(in: Array(text.utf8)) { _ in true }
    }

    @Test(arguments: [
        (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{C}\n\r\tz"), (#""\u00e4\ud83d\ude00""#, "ä😀"), (#""\ud83dx""#, "\u{FFFD}x"),
        (#""\ude00""#, "\u{FFFD}"), ("12.50", "12.50"), ("true", "true"), ("null", ""), (#"{"a": [1]}"#, #"{"a": [1]}"#),
    ])
    func aValueSaysWhatItHolds(_ json: String, _ text: String) {
        let bytes = Array(json.utf8)
        #expect(JSONSpan(bytes: bytes, range: bytes.indices).text == text)
    }

    @Test(arguments: [
        ("", [#"{"a":[{"b":1},{"b":2}],"x/y":3,"~":4}"#]), ("/a/0/b", ["1"]), ("/a/*/b", ["1", "2"]), ("/x~1y", ["3"]),
        ("/~0", ["4"]), ("/a/-1/b", ["2"]), ("/nothing/here", []), ("/a/7", []), ("/*/*/b", ["1", "2"]),
    ])
    func aPointerLeadsToValues(_ pointer: String, _ expected: [String]) throws {
        let bytes = Array(#"{"a":[{"b":1},{"b":2}],"x/y":3,"~":4}"#.utf8)
        let document = JSONSpan(bytes: bytes, range: bytes.indices)
        #expect(document.values(at: try #require(JSONPointer(pointer))).map(\.text) == expected)
    }

    @Test func aPointerBeginsWithASlash() { #expect(JSONPointer("a/b") == nil) }
}
