import OrchProtocol
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling

/// How long an attempt ran is what passed, and not the difference of two looks at a clock that somebody sets.
@Suite struct DurationTests {
    /// Attempts start and end while the clock is set, forth and back, noticed by the engine or while there was none.
    @Test(arguments: UInt64(0)..<40) func betweenStartAndEndLiesWhatPassed(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let rig = try Rig(slots: 4)
        let ids = try rig.submit(many: (0..<4).map { _ in .command() })
        var starts: [Int64: StartReport] = [:]
        var running = ids
        for id in ids {
            rig.advance(Int64.random(in: 0...5_000, using: &random))
            let attempt = try rig.live(of: id).id
            let start = rig.starting(attempt)
            starts[id] = start
            try rig.turn(.started(start))
        }
        while !running.isEmpty {
            rig.advance(Int64.random(in: 0...5_000, using: &random))
            let step = Int64.random(in: -7_200_000...7_200_000, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                rig.now.wall += step
                try rig.turn(.clockStepped(by: step))
            case 1:
                // While there is no engine, nobody notices.
                rig.now.wall += step
                var inventory = Inventory(store: Rig.supervisorStore, heardUpTo: 100)
                inventory.started = try running.map { try #require(starts[$0]) }
                try rig.restart(connecting: inventory)
            case 2:
                let id = running.remove(at: Int.random(in: 0..<running.count, using: &random))
                let start = try #require(starts[id])
                var end = rig.ending(start.id)
                end.start = start
                let passed = rig.now.monotonic - start.startedMonotonic
                // The engine hears of it later.
                rig.advance(Int64.random(in: 0...60_000, using: &random))
                try rig.turn(.ended(end))
                let attempt = try rig.attempt(start.id)
                let ended = try #require(attempt.endedAt)
                #expect(ended == end.endedAt && ended - (attempt.startedAt ?? 0) == passed)
                #expect(try rig.task(id).finishedAt == ended, "a task has ended when its attempt has")
            default: break
            }
            // What runs has run as long as it has, whenever somebody looks.
            for id in running {
                let attempt = try rig.live(of: id)
                let passed = rig.now.monotonic - (attempt.startedMonotonic ?? 0)
                #expect(rig.now.wall - (attempt.startedAt ?? 0) == passed)
            }
        }
    }
}
