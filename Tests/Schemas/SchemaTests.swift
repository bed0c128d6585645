import OrchProtocol
import Testing

@testable import Schemas

/// What each keyword asks, by examples on either side.
@Suite struct SchemaTests {
    static func value(_ text: String) throws -> JSONValue { try JSONValue(Array(text.utf8)) }

    static func problem(_ schema: String, _ document: String) throws -> String? {
        let schema = try JSONSchema(value(schema))
        let document = try value(document)
        do throws(JSONSchema.Mismatch) {
            try schema.check(document)
            return nil
        } catch {
            return "\(error.path) \(error.problem)"
        }
    }

    struct Example: CustomTestStringConvertible, Sendable {
        var schema: String
        var fitting: [String]
        var others: [String]
        var testDescription: String { schema }
    }

    static let examples = [
        Example(schema: "true", fitting: ["1", "null", "{}"], others: []),
        Example(schema: "false", fitting: [], others: ["1", "null", "{}"]),
        Example(schema: "{}", fitting: ["1", "[[]]"], others: []),
        Example(schema: #"{"type":"integer"}"#, fitting: ["1", "1.0", "-0", "1e300"], others: ["1.5", "\"1\"", "true"]),
        Example(schema: #"{"type":["string","null"]}"#, fitting: ["\"\"", "null"], others: ["0", "[]", "{}", "false"]),
        Example(schema: #"{"type":"number"}"#, fitting: ["1", "0.5"], others: ["true", "null"]),
        Example(schema: #"{"const":1}"#, fitting: ["1", "1.0"], others: ["true", "2", "[1]"]),
        Example(
            schema: #"{"enum":["a",{"b":[1]},null]}"#, fitting: ["\"a\"", #"{"b":[1.0]}"#, "null"],
            others: ["\"A\"", #"{"b":[1,2]}"#, "false"]),
        Example(schema: #"{"minimum":3,"maximum":5.5}"#, fitting: ["3", "5.5", "\"x\""], others: ["2.9", "6"]),
        Example(schema: #"{"exclusiveMinimum":3,"exclusiveMaximum":5}"#, fitting: ["4", "3.1"], others: ["3", "5"]),
        Example(
            schema: #"{"maximum":9007199254740993}"#, fitting: ["9007199254740993"], others: ["9007199254740994"]),
        Example(schema: #"{"multipleOf":0.01}"#, fitting: ["0.07", "19.99", "4", "\"x\""], others: ["0.005", "1.001"]),
        Example(schema: #"{"multipleOf":3}"#, fitting: ["0", "-9", "6.0"], others: ["1", "7", "4.5"]),
        Example(schema: #"{"minLength":2,"maxLength":3}"#, fitting: ["\"ab\"", "\"🦉ü\"", "7"], others: ["\"🦉\"", "\"abcd\""]),
        Example(schema: #"{"pattern":"^\\d+$"}"#, fitting: ["\"12\"", "12"], others: ["\"\"", "\"1a\"", "\"a1\""]),
        Example(schema: #"{"minItems":1,"maxItems":2}"#, fitting: ["[1]", "[1,2]", "{}"], others: ["[]", "[1,2,3]"]),
        Example(
            schema: #"{"uniqueItems":true}"#, fitting: ["[1,\"1\",true]", "[]"], others: ["[1,1.0]", #"[{"a":1},{"a":1}]"#]),
        Example(schema: #"{"items":{"type":"integer"}}"#, fitting: ["[]", "[1,2]", "{}"], others: ["[1,\"2\"]"]),
        Example(
            schema: #"{"prefixItems":[{"type":"integer"},true],"items":false}"#, fitting: ["[]", "[1]", "[1,\"x\"]"],
            others: ["[\"x\"]", "[1,2,3]"]),
        Example(schema: #"{"contains":{"const":7}}"#, fitting: ["[1,7]", "7"], others: ["[]", "[1]"]),
        Example(
            schema: #"{"contains":{"const":7},"minContains":0,"maxContains":1}"#, fitting: ["[]", "[7]"], others: ["[7,7]"]),
        Example(
            schema: #"{"properties":{"a":{"type":"integer"}},"required":["a"]}"#, fitting: [#"{"a":1,"b":"x"}"#, "[]"],
            others: ["{}", #"{"a":"1"}"#]),
        Example(
            schema: #"{"properties":{"a":true},"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}"#,
            fitting: ["{}", #"{"a":1,"x-b":"c"}"#], others: [#"{"b":1}"#, #"{"x-b":1}"#]),
        Example(schema: #"{"additionalProperties":{"type":"integer"}}"#, fitting: [#"{"a":1}"#], others: [#"{"a":"1"}"#]),
        Example(schema: #"{"propertyNames":{"maxLength":1}}"#, fitting: [#"{"a":1}"#], others: [#"{"ab":1}"#]),
        Example(schema: #"{"minProperties":1,"maxProperties":1}"#, fitting: [#"{"a":1}"#], others: ["{}", #"{"a":1,"b":2}"#]),
        Example(schema: #"{"dependentRequired":{"a":["b"]}}"#, fitting: ["{}", #"{"a":1,"b":2}"#], others: [#"{"a":1}"#]),
        Example(
            schema: #"{"dependentSchemas":{"a":{"required":["b"]}}}"#, fitting: ["{}", #"{"a":1,"b":2}"#], others: [#"{"a":1}"#]
        ),
        Example(schema: #"{"allOf":[{"minimum":1},{"maximum":2}]}"#, fitting: ["1", "2"], others: ["0", "3"]),
        Example(schema: #"{"anyOf":[{"const":1},{"type":"string"}]}"#, fitting: ["1", "\"x\""], others: ["2", "[]"]),
        Example(schema: #"{"oneOf":[{"minimum":1},{"maximum":2}]}"#, fitting: ["0", "3"], others: ["1", "2"]),
        Example(schema: #"{"not":{"type":"null"}}"#, fitting: ["0"], others: ["null"]),
        Example(
            schema: #"{"if":{"type":"string"},"then":{"minLength":1},"else":{"type":"integer"}}"#, fitting: ["\"x\"", "1"],
            others: ["\"\"", "1.5"]),
        Example(schema: #"{"then":false}"#, fitting: ["1"], others: []),
        Example(
            schema: ##"{"$defs":{"a/b":{"type":"integer"}},"items":{"$ref":"#/$defs/a~1b"}}"##, fitting: ["[1]"],
            others: ["[\"1\"]"]),
        Example(
            schema: ##"{"$defs":{"a b":{"type":"integer"}},"$ref":"#/$defs/a%20b","minimum":2}"##, fitting: ["2"],
            others: ["1", "\"x\""]),
        Example(
            schema: ##"{"type":"object","properties":{"next":{"$ref":"#"}},"additionalProperties":false}"##,
            fitting: [#"{"next":{"next":{}}}"#], others: [#"{"next":{"nxt":{}}}"#]),
        Example(
            schema:
                ##"{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"minimum":1}},"items":{"$ref":"#/definitions/n"}}"##,
            fitting: ["[1]"], others: ["[0]"]),
        Example(
            schema: #"{"title":"t","format":"email","x-mine":1,"default":3,"examples":[1]}"#, fitting: ["\"no mail\""],
            others: []),
    ]

    @Test(arguments: examples) func whatFitsIsToldFromTheRest(_ example: Example) throws {
        for document in example.fitting {
            let problem = try Self.problem(example.schema, document)
            #expect(problem == nil, "\(document): \(problem ?? "")")
        }
        for document in example.others { #expect(try Self.problem(example.schema, document) != nil, "\(document)") }
    }

    @Test(arguments: [
        (#"{"type":"object","required":["a"]}"#, "[]", " must be an object, not an array of 0"),
        (#"{"required":["a"]}"#, "{}", " must have the member \"a\""),
        (
            #"{"properties":{"a/b":{"items":{"type":"integer"}}}}"#, #"{"a/b":[1,"x"]}"#,
            "/a~1b/1 must be a whole number, not \"x\""
        ),
        (#"{"enum":["a","b"]}"#, "\"c\"", " must be one of \"a\", \"b\", not \"c\""),
        (#"{"minimum":1}"#, "0", " must be at least 1, not 0"),
        (#"{"additionalProperties":false}"#, #"{"x":1}"#, "/x is not allowed here"),
        (#"{"minItems":2}"#, "[1]", " must have at least 2 elements, not 1"),
        (#"{"uniqueItems":true}"#, "[3,1,3]", " must not have equal elements; elements 0 and 2 are equal"),
        (
            #"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "1",
            " must be a string, not 1, and fits no other of the 2 choices"
        ),
    ])
    func theReasonSaysWhereAndWhat(_ schema: String, _ document: String, _ reason: String) throws {
        #expect(try Self.problem(schema, document) == reason)
    }

    @Test(arguments: [
        ("1", "a schema is an object, or true or false"),
        (#"{"items":{"$ref":"https://example.org/x"}}"#, "at /items: refers to \"https://example.org/x\"; only references"),
        (##"{"$ref":"#/$defs/a"}"##, "there is nothing at \"#/$defs/a\""),
        (##"{"$ref":"#anchor"}"##, "refers to \"#anchor\""),
        (#"{"type":"int"}"#, "\"type\" has the unknown type \"int\"; there are null"),
        (#"{"type":"strin"}"#, "did you mean \"string\"?"),
        (#"{"properties":{"a":3}}"#, "at /properties/a: a schema is an object"),
        (#"{"properties":[]}"#, "\"properties\" must be an object"),
        (#"{"items":[{}]}"#, "use \"prefixItems\""),
        (#"{"unevaluatedProperties":false}"#, "\"unevaluatedProperties\" is not supported; use"),
        (##"{"$dynamicRef":"#a"}"##, "\"$dynamicRef\" is not supported"),
        (#"{"properties":{"a":{"$id":"x"}}}"#, "at /properties/a: \"$id\" is supported at the root only"),
        (#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#, "at /$schema: only drafts 6, 7"),
        (#"{"minLength":-1}"#, "\"minLength\" must be a whole number, at least 0"),
        (#"{"multipleOf":0}"#, "\"multipleOf\" must be above 0"),
        (#"{"allOf":[]}"#, "\"allOf\" must not be empty"),
        (#"{"required":[1]}"#, "\"required\" must be a list of strings"),
        (#"{"pattern":"(?=a)"}"#, "which uses lookahead or lookbehind"),
        (
            #"{"$defs":{"unused":{"pattern":"["}}}"#,
            "at /$defs/unused: \"pattern\" has the pattern \"[\", which has a \"[\" without"
        ),
        (##"{"allOf":[{"$ref":"#"}]}"##, "refers to itself"),
        (##"{"$defs":{"a":{"not":{"$ref":"#/$defs/b"}},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}"##, "refers to itself"),
    ])
    func whatCannotBeKeptToIsRefused(_ schema: String, _ problem: String) throws {
        let error = try #require(throws: JSONSchema.Fault.self) { try JSONSchema(Self.value(schema)) }
        #expect(error.sentence.contains(problem), "\(error.sentence)")
    }
}
