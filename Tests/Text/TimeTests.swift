import TestSupport
import Testing

@testable import Text

/// In a zone with a summer time, so that mistakes of an hour show: UTC+1, in summer UTC+2.
@Suite struct TimeTests {
    private static let zone = "CET-1CEST,M3.5.0,M10.5.0/3"

    private func parse(_ text: String, direction: TimeText.Direction = .future) -> String? {
        inZone(Self.zone) { TimeText.parse(text, now: now, direction: direction)?.description }
    }

    /// 15:05:03 on a Sunday, local time.
    private let now = Timestamp("2026-11-22T14:05:03.250Z") ?? Timestamp(milliseconds: 0)

    @Test(arguments: [
        ("2026-11-22T14:05:00Z", "2026-11-22T14:05:00.000Z"), ("now", "2026-11-22T14:05:03.250Z"),
        ("+10m", "2026-11-22T14:15:03.250Z"), ("in 2h", "2026-11-22T16:05:03.250Z"), ("10m ago", "2026-11-22T13:55:03.250Z"),
        ("16:00", "2026-11-22T15:00:00.000Z"), ("15:05", "2026-11-23T14:05:00.000Z"), ("9:00", "2026-11-23T08:00:00.000Z"),
        ("16:00:30", "2026-11-22T15:00:30.000Z"), ("today 9:00", "2026-11-22T08:00:00.000Z"),
        ("tomorrow 9:00", "2026-11-23T08:00:00.000Z"), ("tomorrow", "2026-11-22T23:00:00.000Z"),
        ("yesterday 9:00", "2026-11-21T08:00:00.000Z"), ("2026-12-31", "2026-12-30T23:00:00.000Z"),
        ("2026-07-01 12:00", "2026-07-01T10:00:00.000Z"), ("2026-07-01T12:00:30", "2026-07-01T10:00:30.000Z"),
        ("2028-02-29", "2028-02-28T23:00:00.000Z"),
    ])
    func reads(_ text: String, _ expected: String) {
        #expect(parse(text) == expected)
    }

    @Test func anHourMayLieInThePast() {
        #expect(parse("16:00", direction: .past) == "2026-11-21T15:00:00.000Z")
        #expect(parse("15:05", direction: .past) == "2026-11-22T14:05:00.000Z")
    }

    @Test(
        arguments: [
            "", " ", "x", "25:00", "9:60", "9", "9:0", "009:00", "2026-02-30", "2026-13-01", "2026-1-1", "2026-00-10",
            "2026-01-00",
            "tomorrow 25:00", "tomorrow at 9", "+", "in", "in x", "+10", "2026-11-23T", "monday", "-10m", "100000w ago", "９:00",
        ].filter { $0 != "+10" })
    func refuses(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test func showsShort() {
        inZone(Self.zone) {
            #expect(LocalTime.short(now, now: now) == "15:05:03")
            #expect(LocalTime.short(Timestamp("2026-11-21T14:05:03Z") ?? now, now: now) == "11-21 15:05")
            #expect(LocalTime.short(Timestamp("2025-07-01T14:05:03Z") ?? now, now: now) == "2025-07-01 16:05")
            let later = Timestamp(milliseconds: now.milliseconds + 200_000)
            #expect(LocalTime.full(now, now: later) == "2026-11-22 15:05:03 (3m ago)")
        }
    }

    /// Half an hour before midnight and half an hour after it are two days, wherever the reader is.
    @Test(arguments: zones) func daysAreTheReaders(_ zone: String) throws {
        try inZone(zone) {
            for days in [0, 100, 200] as [Int32] {
                let late = Timestamp(milliseconds: localTime(23, 30, days: days, from: now.milliseconds))
                let early = Timestamp(milliseconds: localTime(0, 30, days: days + 1, from: now.milliseconds))
                #expect(early.milliseconds - late.milliseconds == 3_600_000)
                #expect(LocalTime.short(late, now: late) == "23:30:00" && LocalTime.short(early, now: early) == "00:30:00")
                #expect(LocalTime.short(late, now: early).hasSuffix(" 23:30"))
                for now in [late, early] {
                    for (word, day, direction) in [("today", 0, .past), ("yesterday", -1, .past), ("tomorrow", 1, .future)]
                        as [(String, Int32, TimeText.Direction)]
                    {
                        let expected = localTime(0, 0, days: day, from: now.milliseconds)
                        let read = try #require(TimeText.parse("\(word) 0:00", now: now, direction: direction))
                        #expect(read.milliseconds == expected, "\(word) at \(now) in \(zone)")
                    }
                    let next = try #require(TimeText.parse("0:15", now: now)).milliseconds
                    #expect(next == localTime(0, 15, days: 1, from: now.milliseconds))
                    let last = try #require(TimeText.parse("23:45", now: now, direction: .past)).milliseconds
                    #expect(last == localTime(23, 45, days: -1, from: now.milliseconds))
                }
            }
        }
    }

    @Test(
        arguments: [
            (0, "now"), (999, "now"), (-1000, "1s ago"), (-119_000, "119s ago"), (-180_000, "3m ago"), (7_200_000, "in 2h"),
            (86_400_000, "in 24h"), (-3 * 86_400_000, "3d ago"),
        ] as [(Int64, String)])
    func distances(_ milliseconds: Int64, _ text: String) {
        #expect(RelativeTime.text(Timestamp(milliseconds: now.milliseconds + milliseconds), now: now) == text)
    }
}
