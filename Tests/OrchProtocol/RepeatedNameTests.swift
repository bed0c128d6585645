import FoundationEssentials
import OrchProtocol
import Testing

/// An object that has a name twice, or in two spellings of Unicode, is refused wherever a client sends one, or keeps both.
@Suite struct RepeatedNameTests {
    /// In NFC and in NFD.
    private static let spellings = [("\u{e9}", "e\u{301}"), (#"\u00e9"#, #"e\u0301"#), ("\u{AC00}", "\u{1100}\u{1161}")]

    private static func line(_ method: String, _ params: String) -> String {
        #"{"jsonrpc":"2.0","id":7,"method":"\#(method)","params":\#(params)}"#
    }

    /// Every object whose names a client chooses, by method and field, around the object itself.
    private static let places: [(method: String, before: String, after: String, field: String)] = [
        ("task.submit", #"{"command":["true"],"labels":"#, "}", "labels"),
        ("task.submit", #"[{"command":["true"]},{"command":["true"],"labels":"#, "}]", "[1].labels"),
        ("task.submit", #"{"command":["true"],"result_schema":{},"labels":"#, "}", "labels"),
        ("task.submit", #"{"command":["true"],"result_schema":{"properties":"#, "}}", "result_schema.properties"),
        ("task.submit", #"{"command":["true"],"result_schema":{"enum":[1,"#, "]}}", "result_schema.enum[1]"),
        ("task.submit", #"{"command":["true"],"result_schema":{},"env":"#, "}", "env"),
        ("task.list", #"{"labels":"#, "}", "labels"), ("route.explain", #"{"prompt":"x","labels":"#, "}", "labels"),
    ]

    @Test(arguments: spellings) func twoSpellingsAreRefusedOrKept(_ first: String, _ second: String) throws {
        for place in Self.places {
            for (left, right) in [(first, second), (second, first)] {
                let line = Self.line(
                    place.method, "\(place.before){\"\(left)\":\"1\",\"x\":\"2\",\"\(right)\":\"3\"}\(place.after)")
                let (id, result) = Wire.request(from: Data(line.utf8))
                guard case .failure(let error) = result else {
                    Issue.record("taken: \(line)")
                    continue
                }
                #expect(id == .number(7) && error.kind == .invalidParameter && error.data?.field == place.field, "\(error)")
                #expect(error.message.utf8.starts(with: "\"\(place.field)\" has the name \"".utf8), "\(error.message)")
                #expect(error.message.contains("twice, in two spellings of Unicode"), "\(error.message)")
            }
        }
        let line = Self.line("task.submit", #"{"command":["true"],"env":{"\#(first)":"1","\#(second)":"2"}}"#)
        let request = try Wire.request(from: Data(line.utf8)).1.get()
        guard case .one(let spec)? = request.call[.submit] else { throw Failure() }
        #expect(spec.variables?.count == 2)
        // And written again for whoever reads it next.
        #expect(try Wire.request(from: Wire.line(request)).1.get() == request)
    }

    /// The same bytes twice: nobody can know which of the two was meant.
    @Test(arguments: [
        #"{"command":["true"],"priority":1,"priority":2}"#, #"{"command":["true"],"labels":{"a":"1","a":"2"}}"#,
        #"{"command":["true"],"env":{"A":"1","\u0041":"2"}}"#, #"{"command":["true"],"result_schema":{"a":[{"b":1,"b":2}]}}"#,
    ]) func theSameTwiceIsRefused(_ params: String) {
        let (_, result) = Wire.request(from: Data(Self.line("task.submit", params).utf8))
        guard case .failure(let error) = result else {
            Issue.record("taken: \(params)")
            return
        }
        #expect(error.kind == .invalidParameter && error.message.hasSuffix(" twice"), "\(error.message)")
    }

    @Test func namesInDifferentObjectsAreDifferent() {
        let document = #"{"a":{"a":1,"b":[{"a":2},{"a":3}]},"b":"a","\u{e9}":{"e\u{301}":1}}"#
        #expect(JSONScanner.repeatedName(in: Array(document.utf8)) == nil)
        for broken in ["", "{", #"{"a":1,"a""#, "[1,", #"{"a":{"b":1,"b":}"#, "nul"] {
            _ = JSONScanner.repeatedName(in: Array(broken.utf8))
        }
    }

    private struct Failure: Error {}
}
