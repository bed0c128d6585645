import OrchProtocol
import Testing

@testable import Schemas

/// JSON compares texts by their code points: two spellings of Unicode are two texts, whichever keyword asks.
@Suite struct SpellingTests {
    /// With `@` for one spelling and `&` for the other, and the quotes of a person. A document fits with the one and not with the other.
    private static let pairs: [(schema: String, fitting: String, other: String)] = [
        ("{'const':'@'}", "'@'", "'&'"), ("{'enum':['@']}", "'@'", "'&'"), ("{'const':{'@':1}}", "{'@':1}", "{'&':1}"),
        ("{'required':['@']}", "{'@':1}", "{'&':1}"), ("{'properties':{'@':false}}", "{'&':1}", "{'@':1}"),
        ("{'properties':{'@':true},'additionalProperties':false}", "{'@':1}", "{'&':1}"),
        ("{'patternProperties':{'^@$':false}}", "{'&':1}", "{'@':1}"), ("{'pattern':'^@$'}", "'@'", "'&'"),
        ("{'propertyNames':{'const':'@'}}", "{'@':1}", "{'&':1}"), ("{'dependentRequired':{'@':['z']}}", "{'&':1}", "{'@':1}"),
        ("{'dependentSchemas':{'@':false}}", "{'&':1}", "{'@':1}"), ("{'uniqueItems':true}", "['@','&']", "['@','@']"),
        ("{'uniqueItems':true}", "[{'@':1},{'&':1}]", "[{'@':1},{'@':1}]"), ("{'minProperties':2}", "{'@':1,'&':1}", "{'@':1}"),
    ]

    @Test(arguments: pairs) func aSpellingIsATextOfItsOwn(_ schema: String, _ fitting: String, _ other: String) throws {
        for (one, two) in [("\u{e9}", "e\u{301}"), ("e\u{301}", "\u{e9}"), ("x", "x\u{301}y"), (#"\u00e9"#, #"e\u0301"#)] {
            func spelt(_ text: String) -> String {
                text.unicodeScalars.map { ["@": one, "&": two, "'": "\""][$0] ?? String($0) }.joined()
            }
            #expect(try SchemaTests.problem(spelt(schema), spelt(fitting)) == nil, "\(schema): \(one)")
            #expect(try SchemaTests.problem(spelt(schema), spelt(other)) != nil, "\(schema): \(one)")
        }
    }

    /// A pointer to a definition in the other spelling leads nowhere; and one with a mark behind its separator leads on.
    @Test func aPointerIsExact() throws {
        let schema = ##"{"$defs":{"\u00e9":{"const":1}},"$ref":"#/$defs/%s"}"##
        #expect(try SchemaTests.problem(schema.replacing("%s", with: "\u{e9}"), "1") == nil)
        #expect(throws: JSONSchema.Fault.self) { try JSONSchema(SchemaTests.value(schema.replacing("%s", with: "e\u{301}"))) }
        let marked =
            ##"{"$defs":{"\u0301":{"~\u0301":{"const":1}},"x":{"$ref":"#/$defs/\u0301/~0\u0301"}},"$ref":"#/$defs/x"}"##
        #expect(try SchemaTests.problem(marked, "1") == nil)
    }
}
