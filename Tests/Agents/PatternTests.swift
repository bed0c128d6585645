import Testing

@testable import Agents

@Suite struct PatternTests {
    @Test(arguments: [
        ("Cost: ${value} message", "> Cost: $0.0021 message, $0.01 session.", "0.0021" as String?),
        ("message, ${value} session", "> Cost: $0.0021 message, $0.01 session.", "0.01"),
        ("^eval count:{value} token", "eval count:           298 token(s)", "298"),
        ("^eval count:{value} token", "prompt eval count:    26 token(s)", nil),
        ("a*c", "xAbbbCx", "xAbbbCx"), ("a*c", "xcx", nil), ("resets {value}", "Limit RESETS  3pm ", "3pm"), ("abc", "ab", nil),
        ("{value} of", "7 of 9", "7"), ("^a*b", "ab", "ab"),
    ])
    func aLineFitsOrNot(_ pattern: String, _ line: String, _ value: String?) throws {
        let found = try #require(TextPattern(pattern)).match(Substring(line).utf8)
        #expect(found?.lowercased() == value?.lowercased())
    }

    @Test(arguments: ["", "*", "{value}", "^", "{value}a{value}"]) func aPatternHasWordsAndOneValue(_ text: String) {
        #expect(TextPattern(text) == nil)
    }

    @Test(arguments: [
        ("26", 26 as Double?), ("$0.0021", 0.0021), ("1,234", 1234), ("2.4k", 2400), ("1.5M", 1_500_000),
        ("1.2k write, 120", 120),
        ("298 token(s)", 298), ("none", nil), ("", nil), ("-3", nil), ("0x10", nil), ("nan", nil),
    ])
    func numbersAreReadAsPeopleWriteThem(_ text: String, _ value: Double?) {
        #expect(NumberText.value(in: text) == value)
    }

    /// 2026-11-23T12:00:00Z
    private static let now: Int64 = 1_795_435_200_000

    struct Told: Sendable {
        var text: String
        /// Milliseconds from now.
        var wait: Int64?
        init(_ text: String, _ wait: Int64?) { (self.text, self.wait) = (text, wait) }
    }

    @Test(arguments: [
        Told("1795442400", 7_200_000), Told("1795442400000", 7_200_000), Told("30", 30_000),
        Told("2026-11-23T14:05:00Z", 7_500_000), Told("in 3h 20m", 12_000_000), Told("3h20m", 12_000_000),
        Told("30 seconds", 30_000), Told("2 hours.", 7_200_000), Told("1.5s", 1_500), Told("1795442400|x", 7_200_000),
        // The machine is an hour ahead of UTC: it is 13:00 there.
        Told("3pm", 7_200_000), Told("3:30pm (Europe/Berlin)", 9_000_000), Told("15:00", 7_200_000),
        Told("3pm UTC", 10_800_000), Told("1pm", 86_400_000), Told("12am", 39_600_000), Told("3 pm", 7_200_000),
        Told("soon", nil), Told("", nil), Told("25:00", nil), Told("13pm", nil), Told("1e300", nil),
    ])
    func timesAreReadAsProgramsTellThem(_ told: Told) {
        let time = TimeTold.time(in: told.text, now: Self.now, zoneOffset: 3600)
        #expect(time == told.wait.map { Self.now + $0 })
    }
}
