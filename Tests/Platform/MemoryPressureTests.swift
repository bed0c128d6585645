import Testing

@testable import Platform

@Suite struct MemoryPressureTests {
    private static let text = """
        some avg10=71.25 avg60=20.00 avg300=1.00 total=12345
        full avg10=33.50 avg60=10.00 avg300=0.00 total=6789

        """

    @Test func itIsRead() {
        #expect(MemoryPressure.percent(in: Self.text) == 33.5)
        for text in ["", "some avg10=1.00\n", "full\n", "full avg10=x avg60=1\n"] {
            #expect(MemoryPressure.percent(in: text) == nil)
        }
        #expect(MemoryPressure.machine().map { $0 > 1 << 20 } ?? true)
    }

    @Test func itIsLookedAtOnceASecond() {
        var pressure = MemoryPressure()
        #expect(pressure.percent(at: 5_000) { Self.text } == 33.5)
        #expect(pressure.percent(at: 5_999) { nil } == 33.5)
        #expect(pressure.percent(at: 6_000) { nil } == nil)
    }
}
