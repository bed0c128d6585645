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
            && !engine.core.hasStorageProblem
    }

    func checkQuiet() throws {
        guard isQuiet else { return }
        checkAgreement()
        checkWaiting()
        checkTimes()
        if isCalm { try settle() }
    }

    /// What the engine believes is with the supervisor, and nothing else.
    private func checkAgreement() {
        let known = supervisor.known
        let live = Set(ledger.live.keys)
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
        let waiting = Set(supervisor.waitingAttempts.map { Int64($0) })
        for pool in ledger.pools.values.sorted(by: { $0.name < $1.name }) {
            let live = ledger.live.values.filter { $0.pool == pool.name }
            let mayStart = pool.mode != .paused && pools.contains { $0.name == pool.name }
            let ready = ledger.unfinished.compactMap { ledger.tasks[$0] }.filter { $0.pool == pool.name && $0.phase == .ready }
            guard mayStart, !isDraining else {
                let left = live.filter { waiting.contains($0.id) }.map(\.id).sorted()
                violations.require(left.isEmpty, "\(left) wait with the supervisor for \(pool.name), which is to start nothing")
                continue
            }
            violations.require(
                ready.isEmpty || live.count >= pool.slots, "\(pool.name) has \(ready.count) ready tasks and a free slot")
            guard let best = ready.map(\.priority).max() else { continue }
            let least = live.filter { waiting.contains($0.id) }.compactMap { ledger.tasks[$0.task]?.priority }.min() ?? best
            violations.require(best <= least, "a task of priority \(best) waits in \(pool.name) behind one of \(least)")
        }
    }

    private var isDraining: Bool { engine?.core.isDraining ?? false }

    private func checkTimes() {
        let now = clock.now
        for task in ledger.unfinished.compactMap({ ledger.tasks[$0] }) {
            if task.phase == .delayed, let due = task.dueAt {
                violations.require(due > now.wall, "task \(task.id) was due at \(due) and waits at \(now.wall)")
                if task.dueIsRelative, !isClockUncertain {
                    let longest = (max(task.retry.delay, 1_000) << max(task.retry.retries, 0)) * 5 / 4
                    violations.require(due - now.wall <= longest, "task \(task.id) waits \(due - now.wall) ms for its retry")
                }
            }
            if task.phase.isQueued, let expiry = task.definition.expiresAt {
                violations.require(expiry > now.wall, "task \(task.id) has expired and waits")
            }
        }
        for process in supervisor.processes.values where !process.flags.contains(.stopped) {
            guard let timeout = ledger.tasks[process.task]?.timeout else { continue }
            let age = now.monotonic - process.start.startedMonotonic
            violations.require(age <= timeout, "attempt \(process.order.name) has run \(age) ms with a timeout of \(timeout)")
        }
    }

    /// Each attempt finds what it wrote, and nothing else, where its output is looked for.
    private func checkOutput() {
        for (name, count) in truth.lines.sorted(by: { $0.key < $1.key }) {
            guard let task = Int64(name.prefix { $0 != "." }), ledger.tasks[task] != nil else { continue }
            let path = directory.path("output/\(task / 1000)/\(name).out")
            let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
            violations.require(
                lines.count == count && lines.allSatisfy { $0 == name },
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
            .filter { $0.contains("/") && !spares.contains("\(root)/\($0)") }
        violations.require(left.isEmpty, "files are left of tasks that are forgotten: \(left.sorted().prefix(5))")
        // A message that was lost with its link leaves a workspace behind; without faults there must be none.
        guard !plan.steps.contains(where: \.deed.isFault) else { return }
        let workspaces = supervisor.workspaces.subtracting(supervisor.discarded).sorted()
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
                throw Enough()
            }
        } catch is Enough {}
    }
}
