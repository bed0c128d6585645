import Platform
import Scheduling
import TestSupport
import Testing

@testable import Engine

@Suite struct LocalDaysTests {
    static let hour: Int64 = 3_600_000

    @Test(arguments: [-12 * 3_600, -1, 0, 3_600, 20_700, 14 * 3_600])
    func aDayEndsAtItsLocalMidnight(_ offset: Int) {
        var days = LocalDays { _ in offset }
        for wall in [-5_000_000_000, -1, 0, 1_800_000_000_123] as [Int64] {
            let day = days.day(at: wall)
            #expect((day.end + Int64(offset) * 1_000) % Day.length == 0 && (1...Day.length).contains(day.end - wall))
            #expect(days.day(at: day.end).number == day.number + 1)
        }
    }

    /// Hands that are moved at noon, and at the very midnight, forwards and back: every moment has one day, and each follows another.
    @Test(arguments: [12, 24], [-3_600, 3_600, 1_800])
    func daysFollowEachOtherWhenTheHandsAreMoved(_ hour: Int64, _ by: Int) {
        let start = 20_000 * Day.length
        let change = start + hour * Self.hour
        var days = LocalDays { $0 < change ? 0 : by }
        let day = days.day(at: start)
        #expect(day.number == 20_000)
        #expect(day.end == (by > 0 && hour == 24 ? change : start + Day.length - Int64(by) * 1_000))
        for wall in stride(from: start, to: start + 3 * Day.length, by: 1_000_007) {
            var fresh = LocalDays { $0 < change ? 0 : by }
            let found = fresh.day(at: wall)
            #expect(found == days.day(at: wall) && found.end > wall)
            #expect(fresh.day(at: found.end - 1).number == found.number && fresh.day(at: found.end).number == found.number + 1)
        }
    }

    @Test func aClockThatIsSetBackIsNoticed() {
        var days = LocalDays { _ in 0 }
        #expect(days.day(at: 20_000 * Day.length).number == 20_000)
        #expect(days.day(at: 20_000 * Day.length - 1) == Day(number: 19_999, end: 20_000 * Day.length))
        #expect(days.day(at: 3).number == 0)
    }

    /// Half an hour before a midnight of the machine and half an hour after it are two days.
    @Test(arguments: zones) func theMachinesDayIsOne(_ zone: String) {
        inZone(zone) {
            for days in 0..<366 as Range<Int32> {
                let late = localTime(23, 30, days: days, from: 1_800_000_000_000)
                let early = localTime(0, 30, days: days + 1, from: 1_800_000_000_000)
                let (one, next) = (LocalDays.day(at: late), LocalDays.day(at: early))
                #expect(next.number == one.number + 1 && one.end == early - Self.hour / 2, "\(days) days on, in \(zone)")
            }
        }
    }
}
