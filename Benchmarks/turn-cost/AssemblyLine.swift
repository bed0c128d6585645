import OrchProtocol
import Scheduling
import Storage
import SupervisorLink

/// A scheduler on a real store, and a supervisor whose tasks all take a millisecond and succeed.
struct AssemblyLine {
    private let store: SQLiteStore
    private var scheduler = SchedulerState()
    private var now = Now(wall: 1_800_000_000_000, monotonic: 50_000_000)
    private var replies: UInt64 = 0

    /// A turn of a busy engine: the supervisor gathers reports for 5 ms, and the turn itself takes another.
    private static let cycle = 6.0
    private static let slots = 2
    private static let batch = 100

    init(store: SQLiteStore) { self.store = store }

    /// Submits as many tasks, and goes on until all have ended.
    ///
    /// - Returns: how many turns it took.
    mutating func work(off count: Int) throws -> Int {
        var inputs: [Input] = [
            .configured([PoolSettings(name: "default", slots: Self.slots)]),
            .connected(Inventory(store: 1, heardUpTo: 0)),
        ]
        var submitted = 0
        var ended = 0
        var turns = 0
        while ended < count {
            if submitted < count, submitted - ended < Self.batch {
                let size = min(Self.batch, count - submitted)
                inputs.append(submission(of: size))
                submitted += size
            }
            let turn = try store.transaction { try scheduler.turn(inputs, in: $0, now: now, cycle: Self.cycle) }
            turns += 1
            now.wall += Int64(Self.cycle)
            now.monotonic += Int64(Self.cycle)
            inputs = turn.effects.compactMap(result)
            ended += turn.effects.count { if case .acknowledge = $0 { true } else { false } }
        }
        return turns
    }

    private mutating func submission(of size: Int) -> Input {
        replies += 1
        let specs = [TaskSpec](repeating: TaskSpec(command: ["/bin/true"]), count: size)
        let requester = Requester(uid: 1000, isAdministrator: false)
        return .command(Command(Call(.submit, .many(specs))), by: requester, reply: ReplyToken(replies))
    }

    /// What the supervisor says to an effect, by the next turn. A start and an end within one gathering come as one report.
    private func result(of effect: Effect) -> Input? {
        guard case .launch(_, let attempt, _) = effect else { return nil }
        let slot = Int(attempt.id) % Self.slots
        let start = StartReport(
            attempt: UInt64(attempt.id), pid: Int32(truncatingIfNeeded: attempt.id), slot: UInt32(slot) + 1,
            startedAt: now.wall - 1,
            startedMonotonic: now.monotonic - 1)
        var end = AttemptEnd(
            attempt: attempt.id, start: start, ending: .exited(0), endedAt: now.wall, endedMonotonic: now.monotonic)
        end.cpuUser = 300
        end.cpuSystem = 400
        end.peakMemory = 1 << 20
        return .ended(end)
    }
}
