import TestSupport
import Testing
import Text

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.001Z", 1), ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999), ("2026-11-22T14:05:03.25Z", 1_795_356_303_250),
            ("2026-11-22T15:05:03.25+01:00", 1_795_356_303_250), ("2026-11-22T08:35:03.250-05:30", 1_795_356_303_250),
            ("2026-11-22t14:05:03.2509999z", 1_795_356_303_250), ("2026-11-22 14:05:03.250Z", 1_795_356_303_250),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("1970-01-01T01:00:00+01:00", 0),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ] as [(String, Int64)])
    func reads(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-22", "2026-11-22T14:05:03", "2026-11-22T14:05Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-22T24:00:00Z",
        "2026-11-22T14:60:00Z", "2026-11-22T14:05:61Z", "2026-11-22T14:05:03.Z", "2026-11-22T14:05:03,5Z",
        "2026-11-22T14:05:03+1:00", "2026-11-22T14:05:03+01", "2026-11-22T14:05:03+24:00", "2026-11-22T14:05:03Z ",
        " 2026-11-22T14:05:03Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "-026-11-22T14:05:03Z",
        "2026-1１-22T14:05:03Z", "99999-01-01T00:00:00Z", "9999-12-31T23:59:59-00:01",
    ])
    func refuses(_ text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test func everyTimeSurvivesItsText() {
        var random = SeededGenerator(1)
        for _ in 0..<20_000 {
            let time = Timestamp(milliseconds: Int64.random(in: Timestamp.range, using: &random))
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test func textsSortAsTheirTimes() {
        var random = SeededGenerator(2)
        for _ in 0..<2000 {
            let pair = (0..<2).map { _ in Timestamp(milliseconds: .random(in: Timestamp.range, using: &random)) }
            #expect((pair[0] < pair[1]) == (pair[0].description < pair[1].description))
        }
    }

    @Test func everyDayOfFourCenturiesFollowsTheOneBefore() {
        var expected = (year: 2000, month: 1, day: 1)
        var time = Timestamp("2000-01-01T00:00:00Z")?.milliseconds ?? 0
        while expected.year < 2400 {
            let text = Timestamp(milliseconds: time).description
            let month = expected.month < 10 ? "0\(expected.month)" : "\(expected.month)"
            let day = expected.day < 10 ? "0\(expected.day)" : "\(expected.day)"
            guard text == "\(expected.year)-\(month)-\(day)T00:00:00.000Z" else {
                Issue.record("\(expected) became \(text)")
                return
            }
            time += 86_400_000
            expected.day += 1
            let leap = expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0)
            let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            if expected.day > lengths[expected.month - 1] { (expected.month, expected.day) = (expected.month + 1, 1) }
            if expected.month > 12 { (expected.year, expected.month) = (expected.year + 1, 1) }
        }
    }

    @Test func whatCannotBeWrittenIsBroughtIntoRange() {
        #expect(Timestamp(milliseconds: .min).description == "1970-01-01T00:00:00.000Z")
        #expect(Timestamp(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
    }
}
