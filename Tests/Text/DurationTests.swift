import TestSupport
import Testing
import Text

@Suite struct DurationTests {
    @Test(arguments: [
        ("90", 90), ("0", 0), ("1.5", 1.5), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("1h 30m", 5400), ("2d", 172_800),
        ("250ms", 0.25), ("1w", 604_800), ("1.5h", 5400),
    ])
    func reads(_ text: String, _ seconds: Double) {
        #expect(DurationText.seconds(text) == seconds)
    }

    @Test(arguments: ["", " ", "m", "5x", "5 m", "-5", "5m3", "1h30", "five", "5mm", "1..5s", "٣m", "5m-", "inf", "nan"])
    func refuses(_ text: String) {
        #expect(DurationText.seconds(text) == nil)
    }

    @Test(arguments: [("9", 400, ""), ("9", 400, "s"), ("9", 308, "w")])
    func whatNoNumberCanHoldIsNoDuration(_ digit: String, _ count: Int, _ unit: String) {
        #expect(DurationText.seconds(String(repeating: digit, count: count) + unit) == nil)
    }

    @Test(arguments: [
        (0, "0ms"), (0.25, "250ms"), (0.9999, "1s"), (1, "1s"), (4.24, "4.2s"), (9.99, "10s"), (59.6, "1m"), (90, "1m 30s"),
        (3600, "1h"), (3661, "1h 1m"), (86_400, "1d"), (90_000, "1d 1h"), (-5, "0ms"), (.infinity, "forever"),
    ])
    func writes(_ seconds: Double, _ text: String) {
        #expect(DurationText.text(seconds) == text)
    }

    @Test func whatIsWrittenCanBeRead() {
        var generator = SeededGenerator(1)
        for _ in 0..<2000 {
            let seconds = Double.random(in: 0...1e7, using: &generator)
            // Two units are written: at most an hour of a day is lost.
            let read = DurationText.seconds(DurationText.text(seconds))
            #expect(abs((read ?? -1) - seconds) <= max(seconds / 24, 0.06))
        }
    }
}
