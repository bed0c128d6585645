import Foundation
import Glibc
import OrchProtocol
import Scheduling
import SupervisorLink
import TestSupport
import Testing

@testable import Storage

/// What the store costs, printed and not judged. Runs where `ORCHD_MEASURE` is set; meant for an optimised build.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["ORCHD_MEASURE"] != nil))
struct MeasureTests {
    /// CPU time and time, since the second depends on who else is using the machine.
    private func microseconds(_ count: Int, _ body: () throws -> Void) rethrows -> String {
        let cpu = clock()
        let time = try ContinuousClock().measure(body)
        let used = Double(clock() - cpu) * 1e6 / Double(CLOCKS_PER_SEC)
        return String(format: "%.2f µs CPU, %.2f µs", used / Double(count), time / .microseconds(count))
    }

    @Test func insertsAndCycles() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let count = 100_000
        print(
            "insert, \(count) in one transaction:",
            try microseconds(count) { try store.insert((0..<count).map { _ in item() }) })

        var scheduler = SchedulerState()
        let now = Now(wall: 1_800_000_000_000, monotonic: 1_000)
        func turn(_ inputs: [Input]) throws -> TurnResult {
            try store.transaction { try scheduler.turn(inputs, in: $0, now: now) }
        }
        var inputs: [Input] = [
            .configured([PoolSettings(name: "default", slots: 50)]), .connected(Inventory(store: 1, heardUpTo: 0)),
        ]
        let turns = 1_000
        print(
            "cycle, dispatched to ended, 50 a turn:",
            try microseconds(turns * 50) {
                for _ in 0..<turns {
                    let launched = try turn(inputs).effects
                    inputs = launched.compactMap { effect in
                        guard case .launch(_, let attempt, _) = effect else { return nil }
                        let start = StartReport(
                            attempt: UInt64(attempt.id), pid: 1, slot: 0, startedAt: now.wall, startedMonotonic: now.monotonic)
                        var end = AttemptEnd(
                            attempt: attempt.id, start: start, ending: .exited(0), endedAt: now.wall,
                            endedMonotonic: now.monotonic)
                        end.cpuUser = 100
                        end.cpuSystem = 100
                        end.peakMemory = 1 << 20
                        return .ended(end)
                    }
                }
            })
        let events = (0..<100_000).map { _ in Event(at: Timestamp(milliseconds: 1_800_000_000_000), kind: .taskQueued) }
        print("append of an event:", try microseconds(events.count) { try store.transaction { _ = try $0.append(events) } })
    }
}
