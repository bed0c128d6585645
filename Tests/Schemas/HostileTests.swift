import OrchProtocol
import Testing

@testable import Schemas

/// Schemas, patterns and documents that are made to cost much.
@Suite struct HostileTests {
    /// Definitions that each lead to the next.
    private static func chain(of count: Int, _ link: (Int) -> String) -> String {
        let links = (0..<count).map { "\"d\($0)\":" + link($0 + 1) } + ["\"d\(count)\":{\"type\":\"integer\"}"]
        return ##"{"$ref":"#/$defs/d0","$defs":{\##(links.joined(separator: ","))}}"##
    }

    @Test func aSchemaThatMultipliesIsGivenUp() throws {
        let schema = Self.chain(of: 60) { ##"{"allOf":[{"$ref":"#/$defs/d\##($0)"},{"$ref":"#/$defs/d\##($0)"}]}"## }
        #expect(try SchemaTests.problem(schema, "1") == " takes too long to be checked against its schema")
    }

    @Test func aLongChainOfReferencesIsNoDeepStack() throws {
        let schema = Self.chain(of: 1_000) { ##"{"$ref":"#/$defs/d\##($0)"}"## }
        #expect(try SchemaTests.problem(schema, "1") == " is nested too deeply for its schema")
    }

    @Test func aDeepDocumentIsNoDeepStack() throws {
        let schema = ##"{"items":{"$ref":"#"},"additionalProperties":{"$ref":"#"}}"##
        let deep = String(repeating: "[", count: 120) + String(repeating: "]", count: 120)
        #expect(try SchemaTests.problem(schema, deep) == nil)
        #expect(throws: JSONScanner.Malformed.self) {
            try SchemaTests.value(String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000))
        }
    }

    @Test func aLargeDocumentIsChecked() throws {
        let schema = #"{"items":{"type":"integer","minimum":0,"maximum":1},"uniqueItems":false}"#
        let document = "[" + Array(repeating: "1", count: 400_000).joined(separator: ",") + "]"
        #expect(try SchemaTests.problem(schema, document) == nil)
    }

    /// Each of these takes a backtracking matcher longer than anybody waits.
    @Test(arguments: [
        "^(a+)+$", "^(a|a)*$", "^(a*)*b$", "(.*)(.*)(.*)(.*)(.*)x$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a?){60}a{60}$",
    ])
    func aPatternTakesNoMoreThanItsLengthTimesThatOfTheText(_ text: String) throws {
        let pattern = try Pattern(text)
        let document = String(repeating: "a", count: 5_000) + "!"
        var steps = 10_000_000
        #expect(pattern.matches(document, steps: &steps) == false)
        #expect(steps > 10_000_000 - 2 * pattern.program.count * document.count)
        var few = 100
        #expect(pattern.matches(document, steps: &few) == nil)
    }

    @Test(arguments: ["((((a{999}){999}){999}){999})", "((((){999}){999}){999})"])
    func repetitionsOfRepetitionsAreTooLong(_ text: String) throws {
        let error = try #require(throws: Pattern.Fault.self) { try Pattern(text) }
        #expect(error.problem.contains("too long"), "\(error.problem)")
    }

    @Test func groupsInGroupsEnd() {
        #expect(throws: Pattern.Fault.self) { try Pattern(String(repeating: "(", count: 30_000)) }
    }
}
