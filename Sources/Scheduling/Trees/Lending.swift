import OrchProtocol

/// A task that waits does nothing, so it lends its place. What is lent while it waits for tasks is only for what is below tasks that
/// wait, in all pools: so something can always start that the waiting ones need. What is lent while it waits for an answer is for
/// everybody, since the answer comes from outside.
struct Lending: Sendable {
    /// What a pool has beside its slots.
    struct Lent: Sendable, Equatable {
        /// For what is below a task that waits.
        var toKin = 0
        /// For everybody.
        var toAll = 0
        /// The attempts of the pool that live and are below a task that waits, each of which uses what is lent to such, as far as it goes.
        var kin = 0

        var all: Int { toKin + toAll }

        /// How many attempts of the pool use slots that everybody may have.
        func general(of live: LiveCounts) -> Int { live.dispatched + live.running - min(toKin, kin) }

        func room(slots: Int, _ live: LiveCounts) -> Room {
            Room(
                slots: slots + toAll - general(of: live), kin: slots + all - live.dispatched - live.running,
                unused: max(0, toKin - kin))
        }
    }

    /// What a pool can still start.
    struct Room {
        /// For everybody.
        var slots: Int
        /// For what is below a task that waits.
        var kin: Int
        /// What is lent only to such, and none of them has.
        private var unused: Int

        init(slots: Int, kin: Int, unused: Int) { (self.slots, self.kin, self.unused) = (slots, kin, unused) }

        mutating func take(isKin: Bool) {
            kin -= 1
            if isKin, unused > 0 { unused -= 1 } else { slots -= 1 }
        }
    }

    /// The tasks whose descendants go first: those that wait for tasks, and during a drain all that live.
    private(set) var ancestors: [Int64: [Int64]] = [:]
    private(set) var lent: [String: Lent] = [:]
    /// How many of those that lend their place are in each lane.
    private(set) var lanesToKin: [String: Int] = [:]
    private(set) var lanesToAll: [String: Int] = [:]
    /// How many live in each lane that are below a task that waits.
    private(set) var kinLanes: [String: Int] = [:]
    /// Nobody else starts.
    private(set) var onlyKin = false

    static let none = Lending()

    private init() {}

    /// - Parameters:
    ///   - parked: how many attempts of a pool may lend their slot to everybody.
    ///   - live: during a drain, the tasks that live, by the root of their tree.
    init(_ waiting: Waiting, parked: (String) -> Int, draining live: [Int64: [Int64]]?) {
        for waiter in waiting.inOrder {
            switch waiter.cause {
            case .tasks:
                lent[waiter.pool, default: Lent()].toKin += 1
                lanesToKin[waiter.lane, default: 0] += 1
                ancestors[waiter.root, default: []].append(waiter.task)
            case .answer where lent[waiter.pool, default: Lent()].toAll < parked(waiter.pool):
                lent[waiter.pool, default: Lent()].toAll += 1
                lanesToAll[waiter.lane, default: 0] += 1
            case .answer, nil: break
            }
        }
        if let live { (ancestors, onlyKin) = (live, true) }
    }

    /// Adds some that live and are below a task that waits.
    mutating func add(_ kin: Int, in pool: String, _ lane: String) {
        lent[pool, default: Lent()].kin += kin
        kinLanes[lane, default: 0] += kin
    }

    subscript(pool: String) -> Lent { lent[pool] ?? Lent() }

    /// The trees in which something may go first.
    var roots: [Int64] { ancestors.keys.sorted() }
    var isNone: Bool { lent.isEmpty && ancestors.isEmpty && !onlyKin }
}

extension Turn {
    // MARK: Who waits

    mutating func noteWait(_ id: Int64, attempt number: Int, for cause: WaitCause, change: Int) throws {
        if let known = state.waiting.waiters[id], known.attempt != number { return }
        // An end that comes after that of the attempt finds nothing.
        guard change > 0 || state.waiting.waiters[id] != nil, let task = try store.task(id),
            let attempt = try liveAttempt(of: task), attempt.state == .running, attempt.number == number
        else { return }
        let before = state.waiting.cause(of: id)
        state.waiting.change(task, attempt: attempt, cause, by: change)
        let after = state.waiting.cause(of: id)
        if before != after { try noteWait(of: task, attempt, for: after) }
    }

    /// Stops the clocks of the timeouts of an attempt, or lets them run.
    private mutating func noteWait(of task: TaskItem, _ attempt: Attempt, for cause: WaitCause?) throws {
        let timeouts = timeouts(of: task, attempt)
        guard timeouts.run != nil || timeouts.idle != nil else { return }
        var attempt = attempt
        var pauses = attempt.pauses ?? Pauses()
        var waits = pauses.waits ?? Waits()
        if let cause { waits.begin(cause, at: now.monotonic) } else { waits.end(at: now.monotonic) }
        // What a pause counts is not counted twice.
        if pauses.isPaused { waits.since = nil }
        pauses.waits = waits
        attempt.pauses = pauses
        // Another time belongs to a worker that has not yet taken its task, or is ending.
        if attempt.standing == .running { attempt.wakeAt = firstWake(of: task, attempt) }
        try store.update(attempt, from: attempt.state)
    }

    /// The engine that knew what an attempt waited for is gone, and its client will say it again.
    func forgetWait(of attempt: inout Attempt) {
        guard let waits = attempt.pauses?.waits, waits.isWaiting, state.waiting.cause(of: attempt.task) == nil else { return }
        attempt.pauses?.waits?.end(at: now.monotonic)
    }

    // MARK: What is lent

    /// What is lent at this moment. Where nobody waits, as mostly, it costs nothing.
    func lending() throws -> Lending {
        guard !state.waiting.isEmpty || state.isDraining else { return .none }
        let slots = Dictionary(try store.pools().map { ($0.name, $0.slots) }, uniquingKeysWith: { $1 })
        let live = state.isDraining ? Dictionary(grouping: try store.activeTasks(), by: \.root).mapValues { $0.map(\.id) } : nil
        var lending = Lending(
            state.waiting, parked: { state.settings[$0]?.spawn?.parked ?? slots[$0] ?? 0 }, draining: live)
        for (root, ancestors) in lending.ancestors {
            for (pool, lane, count) in try store.activeCounts(below: ancestors, root: root) {
                lending.add(count, in: pool, lane)
            }
        }
        return lending
    }

    /// Tells the supervisor how many attempts of each pool may run, where that has changed by what is lent. Orders for slots that everybody
    /// may have must not get one that is lent to a few, so what is too much of them is taken back before.
    mutating func tellLent(_ lending: Lending) throws {
        guard state.isConnected, !lending.lent.isEmpty || !state.lentTold.isEmpty else { return }
        for pool in try store.pools() {
            let lent = lending[pool.name]
            let told = state.lentTold[pool.name] ?? 0
            guard lent.all != told else { continue }
            if lent.all > told, lent.toKin > 0 {
                let surplus = lent.general(of: store.live(in: pool.name)) - pool.slots - lent.toAll
                try takeBackOthers(surplus, in: pool.name, lending)
            }
            state.lentTold[pool.name] = lent.all == 0 ? nil : lent.all
            effects.append(.setSlots(pool: pool.name, slots: slotsToTell(of: pool)))
        }
    }

    /// How many attempts of a pool the supervisor may run.
    func slotsToTell(of pool: PoolState) -> Int { pool.slots + (state.lentTold[pool.name] ?? 0) }

    /// Takes back the latest orders of a pool that are not below a task that waits.
    mutating func takeBackOthers(_ count: Int, in pool: String, _ lending: Lending) throws {
        guard count > 0, store.live(in: pool).dispatched > 0 else { return }
        var left = count
        for (attempt, _) in try store.dispatchedAttempts(in: pool).reversed() where left > 0 && attempt.stopping == nil {
            if let task = try store.task(attempt.task), try isKin(task, lending) { continue }
            if takenBack.insert(attempt.id).inserted { effects.append(.revoke(attempt: attempt.id)) }
            left -= 1
        }
    }

    /// Whether a task is below one that waits.
    func isKin(_ task: TaskItem, _ lending: Lending) throws -> Bool {
        guard task.isChild, let ancestors = lending.ancestors[task.root] else { return false }
        return try ancestors.contains { try isDescendant(task, of: $0) }
    }

    // MARK: Who goes first

    /// The first ready tasks below tasks that wait, in each lane of a pool that is open to them.
    func kinHeads(in pool: String, _ lending: Lending, _ gates: GateStates) throws -> [Head] {
        guard store.counts(of: pool).ready > 0 else { return [] }
        return try lending.roots.flatMap { root in
            try store.readyLanes(in: pool, root: root).flatMap { lane in
                gates.isOpen(lane, toKin: true) ? try heads(of: .tree(pool: pool, lane: lane, root: root), lending) : []
            }
        }
    }

    /// Whether something below a task that waits is ready in a pool, or only such may start.
    func hasReadyKin(in pool: String, _ lending: Lending) throws -> Bool {
        guard !lending.onlyKin else { return true }
        return try lending.roots.contains { try !store.readyLanes(in: pool, root: $0).isEmpty }
    }

    /// How many tasks below tasks that wait are ready in a pool; what is beyond a number is not counted.
    func countReadyKin(in pool: String, _ lending: Lending, upTo most: Int) throws -> Int {
        var count = 0
        for root in lending.roots where count < most {
            for lane in try store.readyLanes(in: pool, root: root) where count < most {
                let below = lending.ancestors[root] ?? []
                count += try store.ready(in: pool, lane: lane, root: root, below: below, limit: most - count).count
            }
        }
        return count
    }

    /// What is next where a head was, or at first.
    func heads(of line: Head.Line, _ lending: Lending) throws -> [Head] {
        switch line {
        case .lane(let pool, let lane):
            return try ready(in: pool, lane: lane, limit: 1).map { Head(task: $0, depth: 0, line: line) }
        case .tree(let pool, let lane, let root):
            let ancestors = lending.ancestors[root] ?? []
            return try free(limit: 1) { try store.ready(in: pool, lane: lane, root: root, below: ancestors, limit: $0) }
                .map { Head(task: $0, depth: $0.ancestry.depth, line: line) }
        }
    }
}

/// The first task of a line of ready ones. Their order is the order of choice: what is below a task that waits, the deepest first; then
/// priority; then age. Gates only filter.
struct Head {
    enum Line {
        case lane(pool: String, lane: String)
        /// Of a lane, what is below tasks of one tree that wait.
        case tree(pool: String, lane: String, root: Int64)
    }

    let task: TaskItem
    /// How deep it is below others, where one of them waits; 0 for all others.
    let depth: Int
    let line: Line

    var isKin: Bool { if case .tree = line { true } else { false } }

    func goesBefore(_ other: Head) -> Bool {
        (other.depth, other.task.priority, task.id) < (depth, task.priority, other.task.id)
    }
}
