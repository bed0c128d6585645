import OrchProtocol
import TestSupport
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
        Told("3pm UTC+2", 3_600_000), Told("15:00 +0200", 3_600_000), Told("7am PST", 10_800_000),
        Told("3 p.m. UTC", 10_800_000),
        Told("in about 5 hours and 10 minutes", 18_600_000), Told("noon UTC", 86_400_000), Told("2pm (Nowhere/Atall)", nil),
        Told("3pm today", 7_200_000), Told("tomorrow at 9am", 72_000_000), Told("Tue 13:00", 86_400_000),
        // It was over twenty seconds ago, and is not meant for tomorrow.
        Told("12:59:40", -20_000),
        Told("soon", nil), Told("", nil), Told("25:00", nil), Told("13pm", nil), Told("1e300", nil),
    ])
    func timesAreReadAsProgramsTellThem(_ told: Told) {
        let time = ResetTime.time(in: told.text, at: ReadingTime(now: Self.now, offset: Self.offset))
        #expect(time == told.wait.map { Self.now + $0 })
    }

    /// The machine is in Berlin in winter; New York has its summer time.
    private static let offset: @Sendable (String?, Int64) -> Int? = { zone, time in
        switch zone {
        case nil, "Europe/Berlin": return 3600
        case "America/New_York":
            // In 2026 from March 8 to November 1, at 2 in the morning of what was until then; in 2027 from March 14 on.
            let summers: [Range<Int64>] = [1_772_953_200_000..<1_793_512_800_000, 1_805_007_600_000..<1_825_567_200_000]
            return summers.contains { $0.contains(time) } ? -14_400 : -18_000
        default: return nil
        }
    }

    struct Dated: Sendable {
        var now: String
        var text: String
        var time: String
        init(_ now: String, _ text: String, _ time: String) { (self.now, self.text, self.time) = (now, text, time) }
    }

    @Test(arguments: [
        Dated("2026-11-29T10:00:00Z", "resets 9pm (America/New_York)", "2026-11-30T02:00:00Z"),
        Dated("2026-07-29T10:00:00Z", "resets 9pm (America/New_York)", "2026-07-30T01:00:00Z"),
        Dated("2026-11-29T03:00:00Z", "11pm (America/New_York)", "2026-11-29T04:00:00Z"),
        Dated("2026-11-29T10:00:00Z", "Dec 1, 10:08pm (UTC)", "2026-12-01T22:08:00Z"),
        Dated("2026-11-29T10:00:00Z", "December 1st, 2026 at 10 PM (America/New_York).", "2026-12-02T03:00:00Z"),
        Dated("2026-11-29T10:00:00Z", "1 Dec 22:08 UTC", "2026-12-01T22:08:00Z"),
        Dated("2026-11-29T10:00:00Z", "Tue, 1 Dec 2026 22:08:00 GMT", "2026-12-01T22:08:00Z"),
        Dated("2026-11-29T10:00:00Z", "2026-12-01 22:08 (America/New_York)", "2026-12-02T03:08:00Z"),
        Dated("2026-11-29T10:00:00Z", "2026-12-01T22:08:00", "2026-12-01T21:08:00Z"),
        Dated("2026-11-29T10:00:00Z", "2026-12-01T22:08:00+02:00", "2026-12-01T20:08:00Z"),
        Dated("2026-11-29T10:00:00Z", "Dec 1 (UTC)", "2026-12-01T00:00:00Z"),
        Dated("2026-11-29T10:00:00Z", "Monday 9am UTC", "2026-11-30T09:00:00Z"),
        // Over the end of a year, in both directions.
        Dated("2026-12-31T22:00:00Z", "Jan 2, 3am (UTC)", "2027-01-02T03:00:00Z"),
        Dated("2026-12-31T22:00:00Z", "1am (UTC)", "2027-01-01T01:00:00Z"),
        Dated("2027-01-01T00:30:00Z", "Dec 31, 11pm (UTC)", "2026-12-31T23:00:00Z"),
        Dated("2027-01-01T02:00:00Z", "11pm (America/New_York)", "2027-01-01T04:00:00Z"),
        // A day of a leap year.
        Dated("2028-02-28T12:00:00Z", "Feb 29, 1pm (UTC)", "2028-02-29T13:00:00Z"),
        // The clock is set back: half past one comes twice, and the next one counts.
        Dated("2026-11-01T05:00:00Z", "1:30am (America/New_York)", "2026-11-01T05:30:00Z"),
        Dated("2026-11-01T05:45:00Z", "1:30am (America/New_York)", "2026-11-01T06:30:00Z"),
        Dated("2026-10-31T20:00:00Z", "9am (America/New_York)", "2026-11-01T14:00:00Z"),
        // It is set forward: half past two never comes.
        Dated("2026-03-08T05:00:00Z", "2:30am (America/New_York)", "2026-03-08T07:30:00Z"),
        Dated("2026-03-07T20:00:00Z", "9am (America/New_York)", "2026-03-08T13:00:00Z"),
    ])
    func datesAndZonesAreRead(_ told: Dated) throws {
        let now = try #require(Timestamp(told.now)).milliseconds
        let time = ResetTime.time(in: told.text, at: ReadingTime(now: now, offset: Self.offset))
        #expect(time.map { Timestamp(milliseconds: $0) } == Timestamp(told.time))
    }

    @Test func noTextIsTooStrange() {
        var random = SeededGenerator(7)
        let words = [
            "dec", "31", "2026", "-", "T", ":", "99", "pm", "utc", "+14:00", "A/B", "1e9", "feb", "30th", "in", "9999-12-31",
            "w", "\u{301}",
        ]
        for _ in 0..<4_000 {
            let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
                .joined(separator: Bool.random(using: &random) ? " " : "")
            _ = ResetTime.time(in: text, at: ReadingTime(now: Self.now, offset: Self.offset))
        }
    }
}
