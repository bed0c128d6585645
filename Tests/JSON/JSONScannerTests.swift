import FoundationEssentials
import Testing

@testable import JSON

@Suite struct JSONScannerTests {
    private func accepts(_ text: String) -> Bool {
        var scanner = JSONScanner(Array(text.utf8))
        guard (try? scanner.value()) != nil else { return false }
        scanner.skipSpace()
        return scanner.position == scanner.end
    }

    @Test(arguments: [
        "{}", "[]", " { } ", "0", "-0", "-1.5e+10", "1E5", "true", "false", "null", #""""#, #""\u00e9\n\"\\\/""#,
        #"{"a":[1,{"b":null}]}"#,
        "[1, 2 ,3]", "\"ü\u{1F600}\"", "\t[\r\n]",
    ])
    func whatIsJSON(_ text: String) {
        #expect(accepts(text))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{a:1}", "{1:2}", "01", "-",
        "1.",
        ".5", "1e", "+1", "tru", "nul", "True", #"""#, #""\x""#, #""\u12g4""#, #""\u12"#, "\"\u{1}\"", "\"a\nb\"", "1 2",
        "[1 2]",
        #"{"a" 1}"#, "'a'", "NaN", "\u{FEFF}{}",
    ])
    func whatIsNot(_ text: String) {
        #expect(!accepts(text))
    }

    @Test func nestingIsBounded() {
        #expect(accepts(String(repeating: "[", count: 128) + String(repeating: "]", count: 128)))
        #expect(!accepts(String(repeating: "[", count: 1_000_000)))
    }

    @Test func membersAreFound() throws {
        let text = Array(#" {"a" : [1,2], "b":"x" }"#.utf8)
        var scanner = JSONScanner(text)
        scanner.skipSpace()
        var members: [String] = []
        try scanner.object { key, value in
            members += [key, value].map { String(decoding: text[$0], as: UTF8.self) }
        }
        #expect(members == ["a", "[1,2]", "b", #""x""#])
    }
}

@Suite struct JSONPrinterTests {
    @Test(arguments: [
        ("{}", "{}"), ("[ ]", "[]"), (#"{"a":1}"#, "{\n  \"a\": 1\n}"),
        (#"[1,[2],{"b":[]}]"#, "[\n  1,\n  [\n    2\n  ],\n  {\n    \"b\": []\n  }\n]"),
        (#"{"a":"x,{[:\"y\\"}"#, "{\n  \"a\": \"x,{[:\\\"y\\\\\"\n}"),
    ])
    func pretty(_ json: String, _ expected: String) {
        #expect(String(decoding: JSONPrinter.pretty(Array(json.utf8)), as: UTF8.self) == expected)
    }
}
