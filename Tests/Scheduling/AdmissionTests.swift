import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// Starts that wait for the machine to have memory.
@Suite struct AdmissionTests {
    private static func pool(_ name: String, slots: Int = 4, reserve: Int64? = nil) -> PoolSettings {
        var pool = PoolSettings(name: name, slots: slots)
        pool.reserve = reserve
        return pool
    }

    private static func rules(memory: Int64? = 10) -> Rules {
        Rules(admission: Admission(memoryPressure: 50, memory: memory))
    }

    private func running(_ rig: Rig, _ ids: [Int64]) throws -> [Bool] { try rig.phases(ids).map { $0 == .active } }

    private func submit(_ rig: Rig, _ pool: String, _ count: Int = 1, priority: Int = 0) throws -> [Int64] {
        try rig.submit(
            many: (0..<count).map { _ in
                .command {
                    $0.pool = pool
                    $0.priority = priority
                }
            })
    }

    @Test func nothingStartsWhileTheMachineIsShort() throws {
        let rig = try Rig(rules: Self.rules())
        rig.now.memoryPressure = 50.5
        let id = try rig.submit(.command())
        #expect(try running(rig, [id]) == [false])
        // It is looked at again soon, but only while somebody waits.
        #expect(try rig.turn().nextMonotonic == rig.now.monotonic + 1_000)
        rig.now.memoryPressure = 50
        rig.advance(1_000)
        try rig.turn()
        #expect(try running(rig, [id]) == [true])
        rig.now.memoryPressure = 99
        #expect(try rig.turn().nextMonotonic == nil)
        rig.now.memoryPressure = nil
        #expect(try running(rig, [rig.submit(.command())]) == [true])
    }

    @Test func noMoreIsSetAsideThanThereIs() throws {
        let rig = try Rig(pools: [Self.pool("big", reserve: 4), Self.pool("free")], rules: Self.rules())
        let big = try submit(rig, "big", 4)
        #expect(try running(rig, big) == [true, true, false, false])
        #expect(try running(rig, submit(rig, "free", 4)) == [true, true, true, true])
        try rig.end(rig.live(of: big[0]).id)
        #expect(try running(rig, big) == [false, true, true, false])
    }

    @Test func whatMattersMoreGetsItFirstOverAllPools() throws {
        let rig = try Rig(pools: [Self.pool("a", reserve: 2), Self.pool("z", reserve: 8)], rules: Self.rules())
        let first = try submit(rig, "a", 1)
        let low = try submit(rig, "a", 4)
        #expect(try running(rig, first + low) == [true, true, true, true, false])
        let high = try submit(rig, "z", priority: 5)
        #expect(try running(rig, high) == [false])
        // Others would fit in what becomes free; it would wait for ever behind them.
        for id in first + low.prefix(2) {
            try rig.end(rig.live(of: id).id)
            #expect(try running(rig, [low[3]]) == [false])
        }
        #expect(try running(rig, high) == [true])
    }

    @Test func noAmountIsTooLargeToBeAdded() {
        let pools = [Self.pool("a", reserve: .max), Self.pool("b", reserve: .max / 2)]
        #expect(Admission.reserved(pools) { _ in LiveCounts(running: 3) } == .max)
        #expect(Admission.reserved(pools) { _ in LiveCounts() } == 0)
        #expect(Admission.reserved([pools[1], pools[1], pools[1]]) { _ in LiveCounts(dispatched: 1) } == .max)
    }

    @Test func oneThatIsLargerThanTheMachineRunsAlone() throws {
        let rig = try Rig(pools: [Self.pool("huge", reserve: 50), Self.pool("big", reserve: 4)], rules: Self.rules())
        let huge = try submit(rig, "huge", 2)
        #expect(try running(rig, huge + submit(rig, "big")) == [true, false, false])
        let unknown = try Rig(pools: [Self.pool("huge", reserve: 50)], rules: Self.rules(memory: nil))
        #expect(try running(unknown, submit(unknown, "huge", 2)) == [true, true])
    }
}
