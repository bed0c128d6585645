import OrchProtocol
import Scheduling
import Storage
import SupervisorLink

/// A second book of all that has been committed, kept from the writes alone, and held against every rule there is for one turn.
final class Ledger {
    let violations: Violations
    private let truth: GroundTruth
    /// The longest that the time from an end to the arrival of the next order can have been, on average.
    private let longestCycle: Double

    private(set) var tasks: [Int64: TaskItem] = [:]
    private(set) var live: [Int64: Attempt] = [:]
    private(set) var pools: [String: PoolState] = [:]
    private(set) var workers = WorkerBook()
    private(set) var lanes = LaneBook()
    private(set) var dues = DueBook()
    /// Every attempt of the tasks that are there and that has ended, as it is to be kept.
    private(set) var ended: [Int64: Attempt] = [:]
    /// Whether somebody who may has asked for what is done to a task.
    var isAsked: (TaskItem, TaskVerb) -> Bool = { _, _ in true }
    /// Whether somebody is about to change a task, so that it does not go.
    var isKept: (Int64) -> Bool = { _ in false }
    /// The clock was set, so that what is seen by it may be too early; or while nobody saw it, so that waits are off.
    var isClockSet = false
    var isClockUncertain = false
    /// The true time of the turn.
    private var elapsed: Int64 = 0
    /// How each task's latest attempt in this commit ended.
    private var outcomes: [Int64: Outcome] = [:]
    /// Those that the next turn goes by.
    var limits: [ConcurrencyLimit] {
        get { lanes.limits }
        set { lanes.limits = newValue }
    }
    var routes = RouteBook()
    var budgets = BudgetBook()
    /// Every event, the first of them numbered 1.
    private(set) var events: [Event] = []
    private(set) var unfinished: Set<Int64> = []
    /// Tasks that were kept for as long as was asked for.
    private(set) var forgotten: Set<Int64> = []
    private var places: [TaskItem.Place: Int] = [:]
    private var lastAttempt: Int64 = 0
    private var histories: [Int64: TaskHistory] = [:]

    /// What the events and the attempts of a task must add up to.
    private struct TaskHistory {
        var queued = 0
        /// How often it was asked for: once, and again by each retry of a person.
        var asked = 1
        var lastState: TaskState?
        /// Attempts that have ended and count since it was last asked for.
        var counted = 0
        var retries = 0
    }

    init(_ violations: Violations, _ truth: GroundTruth, longestCycle: Double) {
        self.violations = violations
        self.truth = truth
        self.longestCycle = longestCycle
    }

    /// Notes what the next turn goes by.
    func apply(
        _ limits: [ConcurrencyLimit], _ budgets: [Budget], _ rules: [RouteRule], _ pools: [PoolSettings]
    ) {
        lanes.limits = limits
        self.budgets.budgets = budgets
        routes.apply(rules, pools)
    }

    // MARK: A commit

    func commit(_ writes: [WatchedTransaction.Write], _ turn: TurnResult, now: Now, elapsed: Int64, counts: Tally) {
        self.elapsed = elapsed
        outcomes = [:]
        var dispatched: [TaskItem] = []
        workers.beginCommit()
        var published: [Event] = []
        for case .append(let new, _) in writes { published = new }
        let updated = Set(published.filter { $0.kind == .taskUpdated }.compactMap(\.task))
        for write in writes {
            switch write {
            case .insert(let task): insert(task)
            case .update(let task, let place):
                if place.phase == .ready, task.phase == .active { dispatched.append(task) }
                update(task, from: place, now, byPerson: updated.contains(task.id))
            case .remove(let removed): remove(removed)
            case .insertAttempt(let attempt): insert(attempt)
            case .updateAttempt(let attempt, let state): update(attempt, from: state, now)
            case .removeAttempt(let attempt): removeAttempt(attempt)
            case .insertWorker(let worker): insert(worker, now)
            case .updateWorker(let worker): workers.update(worker)
            case .removeWorker(let id): workers.remove(id)
            case .saveBackoff(let backoff): workers.save(backoff)
            case .removeBackoff(let pool): workers.removeBackoff(of: pool)
            case .saveGate(let gate):
                lanes.save(gate)
                complain(dues.save(gate, now: now, longest: SimulatedAgent.longestWait))
            case .removeGate(let name):
                lanes.remove(name)
                dues.removeGate(name)
            case .saveSpending(let spending, let budget, let period): budgets.save(spending, of: budget, in: period)
            case .savePool(let pool): pools[pool.name] = pool
            case .removePool(let name): pools[name] = nil
            case .append(let new, let first): append(new, first: first)
            }
        }
        for problem in turn.problems { violations.add(problem.text) }
        routes.endCommit(tasks, violations)
        for complaint in budgets.endCommit() { violations.add(complaint) }
        checkBudgets(dispatched, now)
        checkLimits(dispatched)
        checkOrder(dispatched)
        checkSlots(Set(dispatched.map(\.pool)))
        checkCounts(counts)
        for task in Set(writes.compactMap(\.task)) { checkTask(task) }
        checkEffects(turn, published.count)
    }

    private func complain(_ complaint: String?) { if let complaint { violations.add(complaint) } }

    private func insert(_ task: TaskItem) {
        violations.require(tasks[task.id] == nil, "the id \(task.id) was given twice")
        tasks[task.id] = task
        places[task.tallied, default: 0] += 1
        unfinished.insert(task.id)
        histories[task.id] = TaskHistory(retries: task.retry.retries)
    }

    private func update(_ task: TaskItem, from place: TaskItem.Place, _ now: Now, byPerson: Bool) {
        guard let old = tasks[task.id] else { return violations.add("task \(task.id) was changed and is not there") }
        violations.require(old.place == place, "task \(task.id) was at \(old.place) and not at \(place)")
        places[old.tallied, default: 0] -= 1
        places[task.tallied, default: 0] += 1
        routes.update(old, task, byPerson: byPerson, violations)
        tasks[task.id] = task
        if task.phase.isFinal { unfinished.remove(task.id) } else { unfinished.insert(task.id) }
        var history = histories[task.id] ?? TaskHistory()
        history.retries = max(history.retries, task.retry.retries)
        switch (old.phase, task.phase) {
        case (.delayed, .ready) where !byPerson:
            violations.require(
                (old.dueAt ?? .min) <= now.wall, "task \(task.id) was let go at \(now.wall) and is due at \(old.dueAt ?? 0)")
        case (let from, .active) where from != .active:
            violations.require(from == .ready, "task \(task.id) was started when it was \(from)")
            violations.require(
                pools[task.pool].map { $0.mode != .paused } ?? false, "task \(task.id) was started in a paused pool")
            let closed = lanes.closed(for: task)
            violations.require(closed.isEmpty, "task \(task.id) was started and \(closed) is closed")
            if let expiry = task.definition.expiresAt {
                violations.require(expiry > now.wall, "task \(task.id) was started after it had expired")
            }
        case (let from, .ready) where from.isFinal:
            violations.require(from != .succeeded, "task \(task.id) had succeeded and is ready")
            history.asked += 1
            history.counted = 0
        case (let from, let to) where from.isFinal: violations.add("task \(task.id) went from \(from) to \(to)")
        default: break
        }
        histories[task.id] = history
        if byPerson { _ = dues.forgetWait(of: task.id) }
        if !byPerson || old.phase != task.phase { checkChange(old, task, history, byPerson: byPerson, now) }
    }

    /// What may not be too early, nor too seldom, nor by anybody.
    private func checkChange(_ old: TaskItem, _ task: TaskItem, _ history: TaskHistory, byPerson: Bool, _ now: Now) {
        switch (old.phase, task.phase) {
        case (.active, .delayed): complain(dues.waits(task, counted: history.counted, now: now, elapsed: elapsed))
        case (.delayed, .ready) where !byPerson && !isClockUncertain: complain(dues.isReady(task.id, elapsed: elapsed))
        case (.active, .failed): checkFailure(task, history, now)
        case (let from, .expired) where !from.isFinal:
            violations.require(
                task.definition.expiresAt.map { $0 <= now.wall } ?? false, "task \(task.id) has expired before its time")
        case (let from, .cancelled) where from.isQueued:
            violations.require(isAsked(old, .cancel), "task \(task.id) is cancelled, and nobody who may has asked for it")
        case (let from, .ready) where from.isFinal:
            violations.require(isAsked(old, .retry), "task \(task.id) is retried, and nobody who may has asked for it")
        default: break
        }
        if task.phase == .ready || task.phase.isFinal { _ = dues.forgetWait(of: task.id) }
    }

    /// A task has failed only if nothing speaks for another try.
    private func checkFailure(_ task: TaskItem, _ history: TaskHistory, _ now: Now) {
        guard let outcome = outcomes[task.id] else { return violations.add("task \(task.id) has failed without an attempt") }
        guard let cause = outcome.retryCause, task.retry.causes.contains(cause), history.counted <= task.retry.retries else {
            return
        }
        let longest =
            min(task.retry.delay << min(max(history.counted - 1, 0), 30), max(RetryPolicy.maximumDelay, task.retry.delay)) * 5
            / 4
        violations.require(
            task.definition.expiresAt.map { now.wall + longest + 1 >= $0 } ?? false,
            "task \(task.id) has failed after \(history.counted) tries, and has \(task.retry.retries) retries for \(cause.rawValue)"
        )
    }

    private func remove(_ removed: [TaskItem]) {
        let kept = Set(tasks.values.filter(\.phase.isFinal).map(\.id)).subtracting(removed.map(\.id))
        let oldest = kept.compactMap { tasks[$0]?.finishedAt }.min() ?? .max
        if let newest = removed.max(by: { $0.finishedAt ?? 0 < $1.finishedAt ?? 0 }), newest.finishedAt ?? 0 > oldest {
            violations.add("task \(newest.id) is forgotten, and one that ended before it is not")
        }
        let ids = Set(removed.map(\.id))
        ended = ended.filter { !ids.contains($0.value.task) }
        for task in removed {
            violations.require(tasks[task.id]?.phase.isFinal ?? false, "task \(task.id) was forgotten before its end")
            if let place = tasks.removeValue(forKey: task.id)?.tallied { places[place, default: 0] -= 1 }
            histories[task.id] = nil
            forgotten.insert(task.id)
            unfinished.remove(task.id)
        }
    }

    // MARK: Attempts

    private func insert(_ attempt: Attempt) {
        if attempt.delivery != nil {
            if let complaint = workers.complaint(about: attempt) { violations.add(complaint) }
        } else {
            violations.require(attempt.id > lastAttempt, "attempt \(attempt.id) comes after \(lastAttempt)")
        }
        lastAttempt = max(lastAttempt, attempt.id)
        violations.require(
            !live.values.contains { $0.task == attempt.task }, "task \(attempt.task) has two attempts that have not ended")
        if let history = histories[attempt.task] {
            violations.require(
                history.counted <= history.retries,
                "task \(attempt.task) is tried again after \(history.counted) failures, with \(history.retries) retries")
        }
        live[attempt.id] = attempt
    }

    private func update(_ attempt: Attempt, from state: Attempt.State, _ now: Now) {
        guard let old = live[attempt.id] else { return violations.add("attempt \(attempt.id) had ended and was changed") }
        violations.require(old.state == state, "attempt \(attempt.id) was \(old.state) and not \(state)")
        dues.note(attempt, before: old, now: now)
        if old.stopping == nil, let cause = attempt.stopping { checkStop(old, cause, now) }
        let cost = (attempt.usage?.cost ?? 0) - (old.usage?.cost ?? 0)
        if cost != 0, let task = tasks[attempt.task] { budgets.add(cost, of: task, by: attempt.agent, at: now.wall) }
        guard attempt.state == .ended else { return live[attempt.id] = attempt }
        live[attempt.id] = nil
        ended[attempt.id] = attempt
        outcomes[attempt.task] = attempt.outcome
        dues.forget(attempt.id)
        if attempt.isRouting {
            routes.ended(attempt, truth.processes[attempt.id])
        } else if attempt.outcome?.kind != .limited {
            histories[attempt.task]?.counted += 1
        }
        if attempt.delivery != nil { return checkOutcome(ofWorker: attempt) }
        checkOutcome(attempt)
    }

    /// Nobody's attempt is ended before its time, or by somebody who may not.
    private func checkStop(_ attempt: Attempt, _ cause: StopCause, _ now: Now) {
        guard let task = tasks[attempt.task] else { return }
        if cause == .cancelled {
            violations.require(isAsked(task, .cancel), "task \(task.id) is being ended, and nobody who may has asked for it")
        }
        let process = truth.processes[attempt.id]
        let isWarm = attempt.delivery != nil
        guard let start = isWarm ? attempt.startedMonotonic : process?.startedMonotonic else { return }
        // What it wrote while the engine was about to decide comes too late for it.
        let lastWrite = process?.wroteMonotonic.flatMap { now.monotonic - $0 > 3 * Int64(longestCycle) ? $0 : nil }
        complain(
            dues.complaint(
                about: attempt, of: task, cause, start: start, lastWrite: isClockSet || isWarm ? nil : lastWrite, now: now))
    }

    /// Where a task stands by this book.
    func standing(of id: Int64) -> TaskState {
        guard let task = tasks[id] else { return TaskState(rawValue: "gone") }
        let isOrdered = live.values.contains { $0.task == id && $0.state == .dispatched }
        switch task.phase {
        case .ready, .delayed, .held: return .queued
        case .active: return isOrdered ? .queued : .running
        case .succeeded: return .succeeded
        case .failed: return .failed
        case .cancelled: return .cancelled
        case .expired: return .expired
        }
    }

    /// Whether a task that is queued is about to be cancelled.
    func isStopping(_ id: Int64) -> Bool { live.values.contains { $0.task == id && $0.stopping != nil } }

    /// How many attempts at a task there are that are more than an order.
    func starts(of id: Int64) -> Int {
        ended.values.count { $0.task == id && !$0.isRouting }
            + live.values.count { $0.task == id && !$0.isRouting && $0.state == .running }
    }

    private func removeAttempt(_ attempt: Attempt) {
        violations.require(live.removeValue(forKey: attempt.id) != nil, "attempt \(attempt.id) was removed and is not there")
        guard attempt.delivery == nil else {
            return violations.require(
                truth.processes[attempt.id]?.task == nil,
                "attempt \(attempt.id) of task \(attempt.task) does not count, and its worker had taken the task")
        }
        violations.require(truth.processes[attempt.id] == nil, "attempt \(attempt.id) was taken back and had been started")
    }

    /// What is kept of an attempt is what has become of it.
    private func checkOutcome(_ attempt: Attempt) {
        guard let outcome = attempt.outcome else { return violations.add("attempt \(attempt.id) has ended without an outcome") }
        if outcome.kind == .spawnFailed {
            violations.require(
                !(attempt.reason ?? "").isEmpty, "attempt \(attempt.id) could not be started, and nobody says why")
        }
        if !attempt.isRouting, let task = tasks[attempt.task], let poison = task.poison {
            let kinds: Set<Outcome.Kind> = [.spawnFailed, .cancelled, .lost]
            violations.require(
                kinds.contains(outcome.kind), "attempt \(attempt.id) cannot be started (\(poison)), and has \(outcome)")
        }
        if let process = truth.processes[attempt.id], !process.isForgotten, let end = process.end, end.start.pid > 0 {
            violations.require(
                attempt.cpuUser == end.cpuUser && attempt.cpuSystem == end.cpuSystem && attempt.peakMemory == end.peakMemory,
                "attempt \(attempt.id) used \(end.cpuUser) and \(end.cpuSystem), and \(attempt.cpuUser ?? 0) and \(attempt.cpuSystem ?? 0) are kept"
            )
        }
        guard let process = truth.processes[attempt.id] else {
            violations.require(!outcome.isSuccess, "attempt \(attempt.id) succeeded and never ran")
            return
        }
        violations.require(!process.isRunning, "attempt \(attempt.id) has the outcome \(outcome.kind) and still runs")
        guard let end = process.end, end.ending != .lost, !process.isForgotten else {
            violations.require(!outcome.isSuccess, "attempt \(attempt.id) succeeded and was lost")
            return
        }
        violations.require(
            attempt.usage?.cost ?? 0 == process.cost,
            "attempt \(attempt.id) has used \(process.cost), and \(attempt.usage?.cost ?? 0) is kept")
        if end.flags.contains(.stopped) {
            let causes: Set<Outcome.Kind> = [.cancelled, .runTimeout, .idleTimeout, .outputLimit, .overBudget, .lost]
            violations.require(
                causes.contains(outcome.kind), "attempt \(attempt.id) was stopped and has the outcome \(outcome)")
        } else if process.metLimit {
            violations.require(outcome.kind == .limited, "attempt \(attempt.id) met a limit and has \(outcome)")
        } else if tasks[attempt.task]?.definition.work.isPrompt ?? false {
            let isSuccess = end.ending == .exited && end.code == 0
            violations.require(outcome.isSuccess == isSuccess, "attempt \(attempt.id) ended \(end.ending) and has \(outcome)")
        } else {
            let kind: Outcome.Kind = end.ending == .exited ? .exited : .signalled
            violations.require(
                outcome == Outcome(kind, code: Int(end.code)),
                "attempt \(attempt.id) ended \(kind) \(end.code) and has \(outcome)")
        }
    }

    private func checkOutcome(ofWorker attempt: Attempt) {
        guard let outcome = attempt.outcome, let process = truth.processes[attempt.id] else {
            return violations.add("attempt \(attempt.id) has ended without an outcome, or without a worker")
        }
        violations.require(
            !process.isRunning, "attempt \(attempt.id) has the outcome \(outcome.kind) and its worker still runs")
        violations.require(
            !outcome.isSuccess || process.result == true, "attempt \(attempt.id) succeeded and its worker has not said so")
        let isLost =
            process.isForgotten || process.end?.ending == .lost || (process.isUnread && outcome.kind == .lost)
        guard !isLost, attempt.stopping == nil else { return }
        violations.require(
            outcome.kind != .lost || process.end?.flags.contains(.stopped) ?? false,
            "attempt \(attempt.id) counts as lost, and nothing of it was")
        violations.require(
            process.task != nil, "attempt \(attempt.id) counts as \(outcome.kind), and its worker had not taken the task")
        violations.require(
            process.result != true || outcome.isSuccess, "attempt \(attempt.id) has \(outcome), and its worker said success")
    }

    private func insert(_ worker: Worker, _ now: Now) {
        violations.require(worker.id > lastAttempt, "worker \(worker.id) comes after \(lastAttempt)")
        lastAttempt = max(lastAttempt, worker.id)
        workers.insert(worker)
        let wait = workers.wait(in: worker.pool, at: now.wall)
        violations.require(wait == 0, "a worker of \(worker.pool) is started, and is to be in \(wait) ms")
        let slots = pools[worker.pool]?.slots ?? 0
        let count = workers.workers(in: worker.pool).count + live.values.count { $0.pool == worker.pool }
        violations.require(count <= slots, "\(worker.pool) has \(count) workers and attempts, and \(slots) slots")
    }

    // MARK: Events

    private func append(_ new: [Event], first: Int64) {
        violations.require(first == Int64(events.count) + 1, "the events go on with \(first) after \(events.count)")
        for (index, event) in new.enumerated() {
            var event = event
            event.seq = first + Int64(index)
            events.append(event)
            guard let task = event.task else { continue }
            if event.kind == .taskQueued { histories[task]?.queued += 1 }
            if let verb = TaskVerb(event.kind), let its = tasks[task] {
                violations.require(
                    isAsked(its, verb), "task \(task): \(event.kind.rawValue), and nobody who may has asked for it")
            }
            histories[task]?.lastState = event.state
        }
    }

    // MARK: Rules for a turn

    private func checkBudgets(_ dispatched: [TaskItem], _ now: Now) {
        for task in dispatched {
            let agent = live.values.first { $0.task == task.id }?.agent
            let spent = budgets.spent(for: task, by: agent, at: now.wall).map(\.name)
            violations.require(spent.isEmpty, "task \(task.id) was started, and \(spent) are spent")
        }
    }

    /// Of no limit more tasks run than may, unless it was another when they were started.
    private func checkLimits(_ dispatched: [TaskItem]) {
        guard !limits.isEmpty, !dispatched.isEmpty else { return }
        let running = running
        for task in dispatched {
            for limit in lanes.reached(by: task, running: running) {
                violations.add("task \(task.id) was started, and more than \(limit.maximum) run under \(limit.name)")
            }
        }
    }

    var running: [TaskItem] { live.values.compactMap { tasks[$0.task] }.filter { $0.phase == .active } }

    /// Of the ready tasks of a pool that pass their gates, those were started that matter most, and of these the oldest.
    private func checkOrder(_ dispatched: [TaskItem]) {
        guard !dispatched.isEmpty else { return }
        let ready = unfinished.compactMap { tasks[$0] }.filter { $0.phase == .ready }
        let running = running
        for task in dispatched {
            let better = ready.first { other in
                (other.priority > task.priority || (other.priority == task.priority && other.id < task.id))
                    && other.pool == task.pool && !isKept(other.id)
                    && lanes.isOpen(other, running: running.filter { $0.id != task.id })
            }
            if let better { violations.add("task \(task.id) was started before \(better.id), which matters more") }
        }
    }

    /// A pool is handed no more than its slots, and what short tasks need to be there in time.
    private func checkSlots(_ names: Set<String>) {
        for name in names {
            let slots = pools[name]?.slots ?? 0
            let count = live.values.count { $0.pool == name }
            var runAhead = RunAhead()
            if let time = truth.shortest[name] { runAhead.observe(taskTime: time) }
            let ahead = runAhead.depth(slots: slots, cycle: longestCycle)
            violations.require(
                count <= slots + ahead, "\(name) has \(count) attempts, \(slots) slots and at most \(ahead) ahead")
        }
    }

    private func checkCounts(_ counts: Tally) {
        // By pools once: some of them are wide, and this is looked at in every commit.
        var mine: [String: LiveCounts] = [:]
        for attempt in live.values {
            if attempt.state == .dispatched { mine[attempt.pool, default: LiveCounts()].dispatched += 1 }
            if attempt.state == .running { mine[attempt.pool, default: LiveCounts()].running += 1 }
        }
        var waiting: [String: [String: Int]] = [:]
        for case let task? in unfinished.map({ tasks[$0] }) where task.phase == .ready && !task.lane.isEmpty {
            waiting[task.pool, default: [:]][task.lane, default: 0] += 1
        }
        for pool in Set(places.keys.map(\.pool)) {
            let its = counts.tasks(in: pool)
            for (phase, count) in [
                (Phase.ready, its.ready), (.delayed, its.delayed), (.held, its.held), (.active, its.running),
                (.succeeded, its.succeeded), (.failed, its.failed), (.cancelled, its.cancelled), (.expired, its.expired),
            ] {
                let mine = places[TaskItem.Place(pool: pool, phase: phase)] ?? 0
                violations.require(mine == count, "\(pool) has \(mine) tasks that are \(phase), and counts \(count)")
            }
            let (lanes, live) = (waiting[pool] ?? [:], mine[pool] ?? LiveCounts())
            violations.require(
                counts.lanes(in: pool) == lanes, "\(pool) has \(lanes), and counts \(counts.lanes(in: pool))")
            violations.require(counts.live(in: pool) == live, "\(pool) has \(live), and counts \(counts.live(in: pool))")
        }
    }

    private func checkTask(_ id: Int64) {
        guard let task = tasks[id] else { return }
        let attempts = live.values.count { $0.task == id }
        violations.require(
            attempts == (task.phase == .active ? 1 : 0), "task \(id) is \(task.phase) with \(attempts) live attempts")
        violations.require(
            task.phase.isFinal == (task.finishedAt != nil), "task \(id) is \(task.phase), finished \(task.finishedAt ?? 0)")
        guard let history = histories[id] else { return }
        violations.require(
            history.queued == history.asked, "task \(id) was asked for \(history.asked) times, and events say \(history.queued)"
        )
        violations.require(
            !task.phase.isFinal || history.lastState == task.phase.state(isOrdered: false),
            "task \(id) is \(task.phase), and the last event of it says \(history.lastState?.rawValue ?? "nothing")")
        violations.require(
            truth.startsOfTask[id, default: 0] <= task.attempts, "task \(id) was started more often than it has attempts")
    }

    private func checkEffects(_ turn: TurnResult, _ count: Int) {
        var published = 0
        for case .publish(let events) in turn.effects {
            published += events.count
            for event in events {
                let index = Int(event.seq) - 1
                violations.require(
                    self.events.indices.contains(index) && self.events[index] == event,
                    "event \(event.seq) was published otherwise than it is kept")
            }
        }
        violations.require(published == count, "\(count) events were kept and \(published) published")
        // What was told to a supervisor that the same turn lost is told anew when it is back.
        if turn.effects.isSupervisorLost { return }
        var told: [String: Int] = [:]
        for case .setSlots(let pool, let slots) in turn.effects { told[pool] = slots }
        // A pool that the same turn removed starts nothing, whatever it was told before.
        for (name, slots) in told {
            guard let pool = pools[name] else { continue }
            violations.require(pool.slots == slots, "\(name) is told to have \(slots) slots, and has \(pool.slots)")
        }
    }
}

extension TaskItem {
    /// Where it is counted, whatever its gates.
    fileprivate var tallied: Place { Place(pool: pool, phase: phase) }
}

extension [Effect] {
    fileprivate var isSupervisorLost: Bool {
        var lost = false
        for case .publish(let events) in self {
            for event in events where event.kind == .supervisorConnected || event.kind == .supervisorLost {
                lost = event.kind == .supervisorLost
            }
        }
        return lost
    }
}

extension WatchedTransaction.Write {
    fileprivate var task: Int64? {
        switch self {
        case .insert(let task): task.id
        case .update(let task, _): task.id
        case .insertAttempt(let attempt), .updateAttempt(let attempt, _), .removeAttempt(let attempt): attempt.task
        default: nil
        }
    }
}
