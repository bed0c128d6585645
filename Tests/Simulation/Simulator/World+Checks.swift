import Engine
import Foundation
import OrchProtocol
import Scheduling
import Storage
import SupervisorLink
import TestSupport

extension World {
    /// No message and no answer is on its way, no fault is in force, and the engine has nothing to do.
    private var isQuiet: Bool {
        guard let engine, engine.isResting, engine.wakeAt ?? .max > clock.elapsed, let link = links[generation], link.isOpen,
            link.isEmpty, !link.isBroken
        else { return false }
        return isSupervisorUp && !supervisor.isStopping && !supervisor.hasNews && links.count == 1
            && !engine.core.hasStorageProblem && talking == 0
    }

    func checkQuiet() throws {
        guard isQuiet else { return }
        checkAgreement()
        checkWorkers()
        checkWaiting()
        checkBudgets()
        checkTimes()
        checkDraining()
        if isCalm { try settle() }
    }

    /// What the engine believes is with the supervisor, and nothing else.
    private func checkAgreement() {
        let known = supervisor.known
        let live = Set(ledger.live.keys).union(ledger.workers.rows.keys)
        violations.require(
            known == live,
            "the engine alone knows of \(live.subtracting(known).sorted()), the supervisor alone of \(known.subtracting(live).sorted())"
        )
        for (pool, slots) in supervisor.slots.sorted(by: { $0.key < $1.key }) {
            violations.require(
                ledger.pools[pool].map { $0.slots == slots } ?? true,
                "\(pool) has \(ledger.pools[pool]?.slots ?? 0) slots and the supervisor knows of \(slots)")
        }
        for (id, attempt) in ledger.live.sorted(by: { $0.key < $1.key }) where attempt.stopping != nil {
            let process = supervisor.processes[UInt64(id)]
            violations.require(process?.flags.contains(.stopped) ?? false, "attempt \(id) is to end and nobody has told it")
        }
    }

    /// Who waits has a reason to.
    private func checkWaiting() {
        checkFreeSlots()
        let waiting = Set(supervisor.waitingAttempts.map { Int64($0) })
        let running = ledger.running
        let ordered = Set(waiting.compactMap { ledger.live[$0]?.task })
        for task in running where ordered.contains(task.id) {
            let closed = ledger.lanes.closed(for: task)
            violations.require(closed.isEmpty, "task \(task.id) waits for a slot to be started, and \(closed) is closed")
        }
        for pool in ledger.pools.values.sorted(by: { $0.name < $1.name }) {
            let live = ledger.live.values.filter { $0.pool == pool.name }
            let mayStart = pool.mode != .paused && pools.contains { $0.name == pool.name }
            let ready = ledger.unfinished.compactMap { ledger.tasks[$0] }.filter {
                $0.pool == pool.name && $0.phase == .ready && ledger.lanes.isOpen($0, running: running)
            }
            let workers = ledger.workers.workers(in: pool.name)
            guard mayStart, !isDraining else {
                let left = live.filter { waiting.contains($0.id) }.map(\.id).sorted()
                violations.require(left.isEmpty, "\(left) wait with the supervisor for \(pool.name), which is to start nothing")
                continue
            }
            violations.require(
                ready.isEmpty || live.count + workers.count >= pool.slots || isHeldBack(pool.name, workers),
                "\(pool.name) has \(ready.count) ready tasks and a free slot")
            violations.require(
                ready.isEmpty || live.count >= pool.slots || !workers.contains { $0.state == .ready && $0.pid != nil },
                "\(pool.name) has a ready worker, and task \(ready.first?.id ?? 0) waits")
            guard let best = ready.map(\.priority).max() else { continue }
            let least = live.filter { waiting.contains($0.id) }.compactMap { ledger.tasks[$0.task]?.priority }.min() ?? best
            violations.require(best <= least, "a task of priority \(best) waits in \(pool.name) behind one of \(least)")
        }
    }

    /// An order waits with the supervisor only while all slots of its pool are in use.
    private func checkFreeSlots() {
        for pool in supervisor.poolsWithOrders.sorted() {
            let (running, slots) = (supervisor.running(in: pool), supervisor.slots[pool] ?? 0)
            violations.require(
                running >= slots,
                "an order for \(pool) waits with the supervisor, and only \(running) of \(slots) slots are in use")
        }
    }

    /// Whether a warm pool starts no more workers for the present than it has: they failed, or there are enough.
    private func isHeldBack(_ pool: String, _ workers: [Worker]) -> Bool {
        guard pools.first(where: { $0.name == pool })?.warm != nil else { return false }
        if ledger.workers.backoffs[pool] != nil {
            return !workers.isEmpty || ledger.workers.wait(in: pool, at: clock.now.wall) > 0
        }
        let waiting = ledger.unfinished.count { ledger.tasks[$0]?.pool == pool && ledger.tasks[$0]?.phase == .ready }
        return workers.count { $0.state != .exiting } >= waiting
    }

    /// Each worker without a task has a process, and a time by which something is done about it.
    private func checkWorkers() {
        let waiting = Set(supervisor.waitingAttempts)
        for worker in ledger.workers.rows.values.sorted(by: { $0.id < $1.id }) {
            let process = supervisor.processes[UInt64(worker.id)]
            guard !waiting.contains(UInt64(worker.id)) else { continue }
            let isStopped = process?.flags.contains(.stopped) ?? false
            violations.require(process?.worker != nil, "worker \(worker.id) is \(worker.state) and has no process")
            violations.require(
                isStopped || worker.wakeAt.map { $0 > clock.now.monotonic } ?? false,
                "worker \(worker.id) is \(worker.state), and nobody will ever do anything about it")
        }
        for attempt in ledger.live.values.sorted(by: { $0.id < $1.id }) {
            guard let delivery = attempt.delivery, delivery != .accepted else { continue }
            let isStopped = supervisor.processes[UInt64(attempt.id)]?.flags.contains(.stopped) ?? false
            violations.require(
                isStopped || attempt.wakeAt.map { $0 > clock.now.monotonic } ?? false,
                "task \(attempt.task) is \(delivery) with worker \(attempt.id), and nobody will ever do anything about it")
        }
    }

    /// Nothing waits for a budget that is not spent, and nothing goes on that one that is hard should have ended.
    private func checkBudgets() {
        let now = clock.now.wall
        for gate in ledger.lanes.gates.values.sorted(by: { $0.name < $1.name })
        where gate.isClosed && gate.name.hasPrefix(GateName.budgetPrefix) {
            let name = String(gate.name.dropFirst(GateName.budgetPrefix.count))
            violations.require(ledger.budgets.isSpent(named: name, at: now) ?? false, "\(gate.name) is closed and not spent")
        }
        for attempt in ledger.live.values.sorted(by: { $0.id < $1.id })
        where attempt.state == .running && attempt.stopping == nil && !(attempt.delivery?.isOver ?? false) {
            guard let task = ledger.tasks[attempt.task] else { continue }
            let spent = ledger.budgets.spent(for: task, by: attempt.agent, at: now).filter(\.isHard).map(\.name)
            violations.require(spent.isEmpty, "attempt \(attempt.id) goes on, and \(spent) are spent")
        }
    }

    private var isDraining: Bool { engine?.core.isDraining ?? false }

    private func checkTimes() {
        let now = clock.now
        for task in ledger.unfinished.compactMap({ ledger.tasks[$0] }) {
            if task.phase == .delayed, let due = task.dueAt {
                violations.require(due > now.wall, "task \(task.id) was due at \(due) and waits at \(now.wall)")
                if !isClockUncertain, let complaint = ledger.dues.isLate(task.id, elapsed: clock.elapsed) {
                    violations.add(complaint)
                }
            }
            if task.phase.isQueued, let expiry = task.definition.expiresAt {
                violations.require(expiry > now.wall, "task \(task.id) has expired and waits")
            }
        }
        for attempt in ledger.live.values where attempt.pauses?.isPaused ?? false {
            let isLate = attempt.stopping == .runTimeout || attempt.stopping == .idleTimeout
            violations.require(!isLate, "attempt \(attempt.id) was paused, and has run out of time")
        }
        for process in supervisor.processes.values where !process.flags.contains(.stopped) {
            let own = process.ask.map { _ in ledger.routes.longest } ?? ledger.tasks[process.task]?.timeout
            let pauses = ledger.live[Int64(process.attempt)]?.pauses
            guard process.worker == nil, let timeout = own, !(pauses?.isPaused ?? false) else { continue }
            let age = now.monotonic - process.start.startedMonotonic - (pauses?.total ?? 0)
            violations.require(age <= timeout, "attempt \(process.order.name) has run \(age) ms with a timeout of \(timeout)")
        }
        checkQuietOnes(now)
    }

    /// When it last wrote the engine reads off a file, by a clock that may have been set since.
    private func checkQuietOnes(_ now: Now) {
        for process in supervisor.processes.values
        where !process.flags.contains(.stopped) && process.worker == nil && process.ask == nil && !ledger.isClockSet {
            let attempt = Int64(process.attempt)
            guard let timeout = ledger.tasks[process.task]?.idleTimeout, let live = ledger.live[attempt],
                !(live.pauses?.isPaused ?? false)
            else { continue }
            let start = process.start.startedMonotonic
            let last = max(
                start, truth.processes[attempt]?.wroteMonotonic ?? start, ledger.dues.resumed(attempt) ?? start)
            let quiet = now.monotonic - last
            violations.require(
                quiet <= timeout + DueBook.tolerance,
                "attempt \(process.order.name) has been quiet for \(quiet) ms with an idle timeout of \(timeout)")
        }
    }

    /// Each attempt finds what it wrote, and nothing else, where its output is looked for. What a worker wrote that did not accept its task
    /// goes with the attempt, which then never was one.
    private func checkOutput() {
        for (name, (count, text)) in truth.lines.sorted(by: { $0.key < $1.key }) {
            let numbers = name.split(separator: ".").compactMap { Int64($0) }
            guard numbers.count == 2, let item = ledger.tasks[numbers[0]], numbers[1] <= item.attempts else { continue }
            let task = numbers[0]
            let path = directory.path("output/\(task / 1000)/\(name).out")
            let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
            violations.require(
                lines.count == count && lines.allSatisfy { $0 == text },
                "attempt \(name) wrote \(count) lines, and its output is \(lines.prefix(3))")
        }
    }

    // MARK: The end

    /// Everything has come to its end, and the clients have their answers.
    func checkEnd() throws {
        for request in requests where request.life == engine?.life && !request.isAnswered {
            violations.add("request \(request.number) was never answered")
        }
        readEvents()
        for subscriber in subscribers {
            violations.require(
                subscriber.last == Int64(ledger.events.count), "a subscriber knows of \(subscriber.last) events only")
        }
        let left = engine?.core.liveAttempts ?? []
        violations.require(left.isEmpty, "the engine keeps \(left) in memory")
        checkOutput()
        try compareStore()
    }

    /// Nothing is left when everything has been forgotten.
    func checkSwept() {
        violations.require(ledger.tasks.isEmpty, "\(ledger.tasks.count) tasks are not forgotten")
        let root = directory.path("output")
        let spares = Set(engine?.core.spareFiles() ?? [])
        let left = (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? [])
            .filter { path in
                let isWorkers = ledger.workers.rows.keys.contains { path.hasPrefix("workers/\(Worker.name($0)).") }
                return path.contains("/") && !spares.contains("\(root)/\(path)") && !isWorkers
            }
        violations.require(left.isEmpty, "files are left of tasks that are forgotten: \(left.sorted().prefix(5))")
        let used = ledger.workers.rows.values.map { "\($0.pool)/\(Worker.name($0.id))" }
        let workspaces = supervisor.workspaces.subtracting(supervisor.discarded).subtracting(used).sorted()
        violations.require(workspaces.isEmpty, "workspaces are left of tasks that are forgotten: \(workspaces.prefix(5))")
    }

    /// The rows, against the book.
    func compareStore() throws {
        struct Enough: Error {}
        do {
            try disk.store.transaction { transaction in
                for task in ledger.tasks.values {
                    let row = try transaction.task(task.id)
                    violations.require(
                        row == task, "task \(task.id) is \(task.phase), and its row is \(row.map { "\($0.phase)" } ?? "gone")")
                }
                let rows = try transaction.liveAttempts()
                violations.require(
                    rows == ledger.live.values.sorted { $0.id < $1.id },
                    "the live attempts are \(rows.map(\.id)), and not \(ledger.live.keys.sorted())")
                for (id, attempt) in ledger.ended {
                    let row = try transaction.attempt(id)
                    violations.require(row == attempt, "attempt \(id) is kept otherwise than it ended")
                }
                let workers = try transaction.workers(in: nil)
                violations.require(
                    workers == ledger.workers.rows.values.sorted { $0.id < $1.id },
                    "the workers are \(workers.map(\.id)), and not \(ledger.workers.rows.keys.sorted())")
                throw Enough()
            }
        } catch is Enough {}
    }
}
