import Testing

@testable import Schemas

/// Regular expressions as schemas have them: found anywhere, unless they say otherwise.
@Suite struct PatternTests {
    struct Example: CustomTestStringConvertible, Sendable {
        var pattern: String
        var fitting: [String]
        var others: [String] = []
        var testDescription: String { pattern }
    }

    static let examples = [
        Example(pattern: "", fitting: ["", "a"]),
        Example(pattern: "b", fitting: ["abc"], others: ["", "ac"]),
        Example(pattern: "^a.c$", fitting: ["abc", "a🦉c"], others: ["a\nc", "abcd", "ac"]),
        Example(pattern: "^(ab|cd|)$", fitting: ["ab", "cd", ""], others: ["a", "abcd"]),
        Example(pattern: "^a*b+c?$", fitting: ["b", "aabbc"], others: ["aac", "bcc"]),
        Example(pattern: "^a{2}b{1,2}c{2,}$", fitting: ["aabcc", "aabbccc"], others: ["abcc", "aabbbcc", "aabc"]),
        Example(pattern: "^a{0}b{0,1}$", fitting: ["", "b"], others: ["a", "bb"]),
        Example(pattern: "^a{,2}$", fitting: ["a{,2}"], others: ["aa"]),
        Example(pattern: "^{x}$", fitting: ["{x}"]),
        Example(pattern: "^(?:a+?|(?<n>b)*?)$", fitting: ["", "aaa", "bb"], others: ["ab"]),
        Example(pattern: #"^\d\D\w\W\s\S$"#, fitting: ["1a_- x", "9ü0ü\u{A0}ü"], others: ["x1a- x"]),
        Example(pattern: #"\bcat\b"#, fitting: ["cat", "a cat!"], others: ["cats", "_cat"]),
        Example(pattern: #"\Bat\b"#, fitting: ["cat"], others: ["at"]),
        Example(pattern: "^[a-cx]$", fitting: ["a", "b", "x"], others: ["d", "-"]),
        Example(pattern: "^[^a-c]$", fitting: ["d", "\n"], others: ["b", ""]),
        Example(pattern: #"^[-a\-z.\]\d\b]$"#, fitting: ["-", "a", "z", ".", "]", "4", "\u{8}"], others: ["b"]),
        Example(pattern: #"^[\w-]+$"#, fitting: ["a-b"], others: ["a.b"]),
        Example(pattern: #"^[\D]$"#, fitting: ["x"], others: ["1"]),
        Example(pattern: "^[]a$", fitting: [], others: ["a"]),
        Example(pattern: "^[^]$", fitting: ["a", "\n"], others: [""]),
        Example(pattern: #"^\x41\u0042\u{1F989}\uD83E\uDD89\/\.\t$"#, fitting: ["AB🦉🦉/.\t"]),
        Example(pattern: "^(a*)*$", fitting: ["", "aaa"], others: ["b"]),
        Example(pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", fitting: ["0123abcd-0000-1111-2222-0123456789ab"]),
    ]

    @Test(arguments: examples) func matchesWhatItSays(_ example: Example) throws {
        let pattern = try Pattern(example.pattern)
        for (texts, expected) in [(example.fitting, true), (example.others, false)] {
            for text in texts {
                var steps = 100_000
                #expect(pattern.matches(text, steps: &steps) == expected, "\(text.debugDescription)")
            }
        }
    }

    @Test(arguments: [
        ("a(", "without its \")\""), ("a)", "without its \"(\""), ("[a", "without its \"]\""), ("*a", "repeats nothing"),
        ("a**", "repeats nothing"), ("a{2}{3}", "repeats nothing"), ("(|{1})", "repeats nothing"), ("^*", "repeats a place"),
        ("a{2,1}", "out of order"), ("a{2000}", "more than 1000 times"),
        (#"\1"#, "backreference"), ("(?=a)", "lookahead or lookbehind"), ("(?<!a)", "lookahead or lookbehind"),
        ("(?i)a", "unknown kind"),
        (#"\p{L}"#, "not supported"), (#"\q"#, "unknown escape \\q"), (#"\u12"#, "hexadecimal"),
        (#"\uD83E"#, "half of a surrogate"),
        ("[b-a]", "invalid range"), ("\\", "backslash"),
    ])
    func whatIsNoneIsRefused(_ text: String, _ problem: String) throws {
        let error = try #require(throws: Pattern.Fault.self) { try Pattern(text) }
        #expect(error.problem.contains(problem), "\(error.problem)")
    }
}
