import Engine
import Glibc
import Platform
import Scheduling
import Supervision
import SupervisorLink

/// The supervisor as `docs/link.md` describes it, with the real queues and the real outbox, and simulated processes.
final class SimulatedSupervisor {
    private struct Waiting {
        var order: LaunchOrder
        var descriptors: [Descriptor]
    }

    private let clock: VirtualClock
    private let truth: GroundTruth
    private let violations: Violations
    private let mutation: Mutation?

    // On /run, which survives the supervisor but not the machine.
    private var store: UInt64 = 1
    private var heardUpTo: UInt64 = 0
    private(set) var exits: [UInt64: EndReport] = [:]
    private(set) var processes: [UInt64: SimulatedProcess] = [:]
    /// The engine's ends of the channels to warm workers, until their ends are acknowledged.
    private var channels: [UInt64: Descriptor] = [:]

    // In its memory.
    private var queues = PoolQueues<Waiting>()
    private var outbox = Outbox()
    private var gather: Int64 = 0
    private var isGreeted = false
    private(set) var isStopping = false
    /// Nothing can be started for now: no process, no memory.
    var isShort = false
    private var pid: Int32 = 100
    /// What the engine has said of the pools.
    private(set) var slots: [String: Int] = [:]

    /// What has been asked to be removed: pool and name.
    private(set) var discarded: Set<String> = []
    /// Which names have had a workspace.
    private(set) var workspaces: Set<String> = []

    init(clock: VirtualClock, truth: GroundTruth, violations: Violations, mutation: Mutation?) {
        self.clock = clock
        self.truth = truth
        self.violations = violations
        self.mutation = mutation
    }

    var waitingAttempts: [UInt64] { queues.waitingAttempts }
    var known: Set<Int64> {
        Set((queues.waitingAttempts + Array(processes.keys) + Array(exits.keys)).map { Int64(bitPattern: $0) })
    }
    var poolsWithOrders: Set<String> { Set(queues.waitingAttempts.compactMap { queues.order(of: $0)?.order.pool }) }
    var hasNews: Bool { !outbox.isEmpty }

    // MARK: What the engine says

    func obey(_ message: EngineMessage, _ descriptors: [Descriptor]) {
        switch message {
        case .hello(let version, _): greet(version)
        case .slots(let pool, let count):
            slots[pool] = Int(count)
            queues.setSlots(of: pool, to: mutation == .startBesideSlots ? count + 1 : count)
        case .launch(let order): accept(order, descriptors)
        case .revoke(let attempt): revoke(attempt)
        case .stop(let attempt, let grace): stop(attempt, grace: Int64(grace))
        case .freeze(let attempt, let isFrozen):
            guard let process = processes[attempt], !process.flags.contains(.stopped) else { return }
            process.isFrozen = isFrozen
        case .acknowledge(let attempts):
            for attempt in attempts {
                exits[attempt] = nil
                channels[attempt] = nil
            }
        case .discard(let pool, let name): discarded.insert("\(pool)/\(name)")
        case .sweep(let pool, let tasks, let workers): sweep(pool, Int64(tasks), Int64(workers))
        case .gather(let milliseconds): gather = Int64(milliseconds)
        }
    }

    private func sweep(_ pool: String, _ tasks: Int64, _ workers: Int64) {
        let used = Set(processes.values.map { "\($0.order.pool)/\($0.order.name)" })
        for path in workspaces where path.hasPrefix("\(pool)/") && !used.contains(path) {
            let name = path.dropFirst(pool.count + 1)
            let number = Int64(name.drop { $0 == "w" }.prefix { $0 != "." }) ?? .max
            if number < (name.hasPrefix("w") ? workers : tasks) { discarded.insert(path) }
        }
    }

    private func greet(_ version: UInt32) {
        isGreeted = true
        outbox = Outbox()
        outbox.welcome = min(version, LinkProtocol.version)
        outbox.waiting = queues.waitingAttempts
        outbox.started = processes.keys.sorted()
        outbox.channels = channels.keys.sorted()
        outbox.ended = exits.keys.sorted()
        outbox.isInventory = true
    }

    private func accept(_ order: LaunchOrder, _ descriptors: [Descriptor]) {
        if mutation != .forgetWhatWasHeard { guard order.attempt > heardUpTo else { return } }
        heardUpTo = max(heardUpTo, order.attempt)
        guard !isStopping else { return end(order, .spawnFailed, code: ECANCELED, .resources) }
        queues.enqueue(order.attempt, pool: order.pool, Waiting(order: order, descriptors: descriptors))
    }

    private func revoke(_ attempt: UInt64) {
        let withdrawn = queues.withdraw(attempt) != nil
        let ran = processes[attempt] != nil || exits[attempt] != nil
        outbox.revoked.append((attempt, withdrawn || !ran))
    }

    func stop(_ attempt: UInt64, grace: Int64) {
        if queues.withdraw(attempt) != nil { return outbox.revoked.append((attempt, true)) }
        guard let process = processes[attempt] else { return }
        process.flags.insert(.stopped)
        process.isFrozen = false
        let deadline = clock.now.monotonic + grace
        process.killAt = min(process.killAt ?? deadline, deadline)
    }

    // MARK: Processes

    /// Starts what can start. The world lets it end.
    func startWaiting() -> [SimulatedProcess] {
        var starts: [PoolQueues<Waiting>.Start] = []
        while !isStopping, let next = queues.next() { starts.append(next) }
        // Which pool comes first is not promised, and a life must be the same each time.
        return starts.sorted { $0.attempt < $1.attempt }.compactMap(start)
    }

    private func start(_ next: PoolQueues<Waiting>.Start) -> SimulatedProcess? {
        let order = next.order.order
        pid += 1
        let now = clock.now
        let report = StartReport(
            attempt: next.attempt, pid: pid, slot: next.slot, startedAt: now.wall, startedMonotonic: now.monotonic)
        let channel = order.channel.flatMap { _ in SimulatedWorker.channel() }
        guard !isShort,
            let process = SimulatedProcess(order, next.order.descriptors, channel: channel?.workers, start: report),
            process.ending != .missing
        else {
            queues.free(next.slot, of: order.pool)
            if isShort {
                end(order, .spawnFailed, code: EAGAIN, .resources)
            } else {
                end(order, .spawnFailed, code: ENOENT, .execute)
            }
            return nil
        }
        violations.require(process.hasItsInput, "attempt \(order.name) finds another input than its task was given")
        workspaces.insert("\(order.pool)/\(order.name)")
        if let channel {
            truth.startedWorker(Int64(bitPattern: next.attempt), pool: order.pool)
            channels[next.attempt] = channel.engines
            if isGreeted { outbox.channels.append(next.attempt) }
        } else {
            truth.started(
                Int64(bitPattern: next.attempt), task: process.task, pool: order.pool, asking: process.ask,
                at: now.monotonic)
        }
        processes[next.attempt] = process
        let count = running(in: order.pool)
        violations.require(
            count <= slots[order.pool, default: 0], "\(order.pool) runs \(count) on \(slots[order.pool, default: 0]) slots")
        outbox.addStart(next.attempt, pool: order.pool, now: now.monotonic)
        return process
    }

    func ended(_ process: SimulatedProcess, _ ending: EndReport.Ending, code: Int32) {
        guard processes.removeValue(forKey: process.attempt) != nil else { return }
        if mutation == .closeChannelEarly { channels[process.attempt] = nil }
        let now = clock.now
        let report = EndReport(
            start: process.start, ending: ending, code: code, flags: process.flags, endedAt: now.wall,
            endedMonotonic: now.monotonic, cpuUser: Int64(process.attempt) * 7 + 1, cpuSystem: Int64(process.attempt) * 5 + 2,
            peakMemory: Int64(process.attempt) * 4096 + 3)
        if !keepsSlot(process.start) { queues.free(process.start.slot, of: process.order.pool) }
        truth.wrote(process)
        truth.ended(Int64(bitPattern: process.attempt), report)
        record(report, pool: process.order.pool)
    }

    /// With the mutation, the numbers are looked through from the first that was free when the last one was given.
    private func keepsSlot(_ start: StartReport) -> Bool {
        mutation == .keepFreedSlot && start.slot <= 64 && processes.values.contains { $0.start.slot > 64 }
    }

    /// How many run in a pool.
    func running(in pool: String) -> Int { processes.values.count { $0.order.pool == pool } }

    /// The end of an attempt that never ran.
    private func end(_ order: LaunchOrder, _ ending: EndReport.Ending, code: Int32, _ step: EndReport.Step) {
        let now = clock.now
        let start = StartReport(
            attempt: order.attempt, pid: 0, slot: 0, startedAt: now.wall, startedMonotonic: now.monotonic)
        truth.wroteNothing(order.name)
        record(
            EndReport(
                start: start, ending: ending, code: code, step: step, endedAt: now.wall, endedMonotonic: now.monotonic),
            pool: order.pool)
    }

    private func record(_ report: EndReport, pool: String) {
        exits[report.attempt] = report
        if report.start.pid > 0 { truth.reported(report, pool: pool) }
        outbox.addEnd(report.attempt, pool: pool, now: clock.now.monotonic)
    }

    // MARK: What it says

    /// What may be sent now, as far as it is not to wait for more: then the time until which, on the monotonic clock.
    ///
    /// - Parameter room: for how many messages there is room. The others wait, and are said when there is some again.
    func news(
        reportsPerMessage size: Int, room: Int
    ) -> (messages: [(SupervisorMessage, [Descriptor])], waitUntil: Int64?) {
        guard isGreeted, !outbox.isEmpty else { return ([], nil) }
        let now = clock.now.monotonic
        if !isStopping, let time = outbox.gatherUntil(gather, now: now, isBusy: { queues.hasWaiting(in: $0) }) {
            return ([], time)
        }
        var messages: [(SupervisorMessage, [Descriptor])] = []
        sayAll(size) { message, descriptors in
            guard messages.count < room else { return false }
            messages.append((message, descriptors))
            return true
        }
        if mutation == .forgetUnsent { outbox = Outbox() }
        return (messages, nil)
    }

    /// Ends with the first message that is not taken.
    private func sayAll(_ size: Int, _ say: (SupervisorMessage, [Descriptor]) -> Bool) {
        if let version = outbox.welcome {
            let received = mutation == .forgetWhatWasHeard ? 0 : heardUpTo
            let welcome = SupervisorMessage.Welcome(
                version: version, store: store, heardUpTo: received, pid: pid, cgroups: true,
                program: .init(release: "", executedAt: 0))
            guard say(.welcome(welcome), []) else { return }
            outbox.welcome = nil
        }
        while !outbox.waiting.isEmpty {
            let part = outbox.waiting.prefix(size)
            guard say(.waiting(attempts: part.filter { queues.isWaiting($0) }), []) else { return }
            outbox.waiting.removeFirst(part.count)
        }
        while !outbox.started.isEmpty {
            let part = outbox.started.prefix(size)
            guard say(.started(part.compactMap { processes[$0]?.start }), []) else { return }
            outbox.started.removeFirst(part.count)
        }
        while let attempt = outbox.channels.first {
            if let channel = channels[attempt], !say(.channel(attempt: attempt), [channel]) { return }
            outbox.channels.removeFirst()
        }
        while !outbox.ended.isEmpty {
            let part = outbox.ended.prefix(size)
            guard say(.ended(part.compactMap { exits[$0] }), []) else { return }
            outbox.ended.removeFirst(part.count)
            if mutation == .forgetExitsWhenSent { for attempt in part { exits[attempt] = nil } }
        }
        if outbox.isInventory {
            guard say(.inventoryEnd, []) else { return }
            outbox.isInventory = false
        }
        while let (attempt, accepted) = outbox.revoked.first {
            guard say(.revoked(attempt: attempt, accepted: accepted), []) else { return }
            outbox.revoked.removeFirst()
        }
    }

    /// Tells of all ends once more.
    func repeatReports() {
        guard isGreeted else { return }
        for attempt in exits.keys.sorted() { outbox.addEnd(attempt, pool: "short", now: clock.now.monotonic) }
    }

    // MARK: What becomes of it

    /// The engine is gone: what it has not been told yet, the next one will be.
    func dropEngine() {
        isGreeted = false
        outbox = Outbox()
    }

    /// It is killed, and what runs with it. Its files are still there when it starts again.
    func kill() {
        let now = clock.now
        for process in processes.values.sorted(by: { $0.attempt < $1.attempt }) {
            let report = EndReport(
                start: process.start, ending: .lost, code: 0, flags: [], endedAt: now.wall, endedMonotonic: now.monotonic)
            truth.wrote(process)
            truth.ended(Int64(bitPattern: process.attempt), report)
            truth.reported(report, pool: process.order.pool)
            exits[process.attempt] = report
        }
        processes = [:]
        forgetMemory()
    }

    /// It executes its new version: processes, orders and slots go over.
    func replace() {
        let old = queues
        queues = PoolQueues()
        for (pool, count) in old.slotCounts.sorted(by: { $0.key < $1.key }) { queues.setSlots(of: pool, to: count) }
        for process in processes.values { queues.occupy(process.start.slot, of: process.order.pool) }
        for attempt in old.waitingAttempts {
            if let waiting = old.order(of: attempt) { queues.enqueue(attempt, pool: waiting.order.pool, waiting) }
        }
        dropEngine()
        gather = 0
    }

    /// It is told to end: orders are handed back, and what runs is stopped.
    func terminate(grace: Int64) {
        isStopping = true
        for attempt in queues.waitingAttempts {
            if let waiting = queues.withdraw(attempt) { end(waiting.order, .spawnFailed, code: ECANCELED, .resources) }
        }
        for attempt in processes.keys.sorted() { stop(attempt, grace: grace) }
    }

    /// The machine is booted: nothing of it is left.
    func boot() {
        for process in processes.values.sorted(by: { $0.attempt < $1.attempt }) {
            truth.wrote(process)
            truth.ended(Int64(bitPattern: process.attempt), nil)
        }
        for attempt in exits.keys { truth.forgotten(Int64(bitPattern: attempt)) }
        processes = [:]
        exits = [:]
        store += 1
        heardUpTo = 0
        forgetMemory()
    }

    func forgetMemory() {
        for attempt in channels.keys { truth.lostChannel(Int64(bitPattern: attempt)) }
        channels = [:]
        queues = PoolQueues()
        slots = [:]
        gather = 0
        isStopping = false
        dropEngine()
    }
}
