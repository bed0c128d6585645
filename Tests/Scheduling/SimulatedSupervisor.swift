import OrchProtocol
import TestSupport

@testable import Scheduling

/// A supervisor as the link describes it: it starts what it is handed in its pool's slots, once, keeps the ends until they are
/// acknowledged, and may go down. What it says stands in `outbox` until the engine takes it.
struct SimulatedSupervisor {
    struct Order {
        var attempt: Int64
        var task: Int64
        var pool: String
    }

    struct Process {
        var order: Order
        var start: AttemptStart
        var isStopping = false
    }

    private(set) var store: UInt64 = 1
    private(set) var heardUpTo: Int64 = 0
    private(set) var waiting: [Order] = []
    private(set) var running: [Int64: Process] = [:]
    private var ended: [Int64: AttemptEnd] = [:]
    private var slots: [String: Int] = [:]
    private var heard: Set<Int64> = []
    var outbox: [Input] = []
    /// How often each task was really started, over all lives of the machine.
    private(set) var starts: [Int64: Int] = [:]
    /// Tasks that have really ended with status 0.
    private(set) var successes: Set<Int64> = []
    private var startedAttempts: Set<Int64> = []
    private(set) var violations: [String] = []

    var isIdle: Bool { waiting.isEmpty && running.isEmpty }

    var inventory: Inventory {
        Inventory(
            store: store, heardUpTo: heardUpTo, waiting: waiting.map(\.attempt).sorted(),
            started: running.values.map(\.start).sorted { $0.attempt < $1.attempt },
            ended: ended.values.sorted { $0.attempt < $1.attempt })
    }

    mutating func perform(_ effect: Effect, now: Now, _ random: inout SeededGenerator) {
        switch effect {
        case .setSlots(let pool, let count): slots[pool] = count
        case .launch(let task, let attempt, _):
            guard attempt.id > heardUpTo else {
                if !heard.contains(attempt.id) { violations.append("launch of \(attempt.id) after \(heardUpTo)") }
                return
            }
            heardUpTo = attempt.id
            heard.insert(attempt.id)
            waiting.append(Order(attempt: attempt.id, task: task.id, pool: attempt.pool))
        case .revoke(let id):
            if !heard.contains(id) { violations.append("revoke of \(id), which was never launched") }
            let index = waiting.firstIndex { $0.attempt == id }
            if let index { waiting.remove(at: index) }
            outbox.append(.revoked(attempt: id, accepted: index != nil))
        case .stop(let id, _):
            if let index = waiting.firstIndex(where: { $0.attempt == id }) {
                waiting.remove(at: index)
                // Both are good answers.
                if random.chance(50) {
                    outbox.append(.revoked(attempt: id, accepted: true))
                } else {
                    report(id, start: nil, .lost("stopped before it started"), stopped: true, now: now)
                }
            } else {
                running[id]?.isStopping = true
            }
        case .acknowledge(let id): ended[id] = nil
        case .reply, .checkOutput, .discard, .again, .publish: break
        }
    }

    private mutating func report(
        _ id: Int64, start: AttemptStart?, _ ending: AttemptEnd.Ending, stopped: Bool, now: Now
    ) {
        var end = AttemptEnd(attempt: id, start: start, ending: ending, endedAt: now.wall, endedMonotonic: now.monotonic)
        end.stopped = stopped
        ended[id] = end
        outbox.append(.ended(end))
    }

    /// Lets processes end and others start.
    mutating func step(now: Now, _ random: inout SeededGenerator) {
        for (id, process) in running.sorted(by: { $0.key < $1.key }) {
            if process.isStopping, random.chance(70) {
                end(id, random.chance(50) ? .signalled(15) : .exited(0), stopped: true, now: now)
            } else if random.chance(30) {
                end(
                    id, random.chance(60) ? .exited(0) : random.chance(50) ? .exited(1) : .signalled(11), stopped: false,
                    now: now)
            }
        }
        for order in waiting {
            let taken = running.values.count { $0.order.pool == order.pool }
            guard taken < slots[order.pool] ?? 0 else { continue }
            waiting.removeAll { $0.attempt == order.attempt }
            if random.chance(5) {
                report(order.attempt, start: nil, .shortOfResources("no process"), stopped: false, now: now)
            } else if random.chance(5) {
                report(order.attempt, start: nil, .failedToStart("no program"), stopped: false, now: now)
            } else {
                start(order, slot: taken, now: now)
            }
        }
    }

    private mutating func start(_ order: Order, slot: Int, now: Now) {
        if !startedAttempts.insert(order.attempt).inserted { violations.append("\(order.attempt) started twice") }
        if running.values.contains(where: { $0.order.task == order.task }) {
            violations.append("task \(order.task) has two processes")
        }
        starts[order.task, default: 0] += 1
        let start = AttemptStart(
            attempt: order.attempt, pid: 1, slot: slot, startedAt: now.wall, startedMonotonic: now.monotonic)
        running[order.attempt] = Process(order: order, start: start)
        outbox.append(.started(start))
    }

    private mutating func end(_ id: Int64, _ ending: AttemptEnd.Ending, stopped: Bool, now: Now) {
        guard let process = running.removeValue(forKey: id) else { return }
        if ending == .exited(0) { successes.insert(process.order.task) }
        report(id, start: process.start, ending, stopped: stopped, now: now)
    }

    /// It is killed, and started again: what ran is killed with it, what waited is gone, and its files are still there.
    mutating func crash(now: Now) {
        for (id, process) in running {
            var end = AttemptEnd(
                attempt: id, start: process.start, ending: .lost("the supervisor was killed"), endedAt: now.wall,
                endedMonotonic: now.monotonic)
            end.stopped = process.isStopping
            ended[id] = end
        }
        running = [:]
        waiting = []
        outbox = []
        slots = [:]
    }

    /// The machine is booted: only the database is left.
    mutating func boot() {
        store += 1
        heardUpTo = 0
        heard = []
        running = [:]
        waiting = []
        ended = [:]
        outbox = []
        slots = [:]
    }
}
