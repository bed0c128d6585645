import OrchProtocol

/// Which ready tasks become attempts.
extension Turn {
    mutating func dispatch(cycle: Double) throws {
        guard state.isConnected, !state.isStopping else { return }
        let lending = try lending()
        try tellLent(lending)
        // What is below tasks that live still starts during a drain, which otherwise would not end.
        guard !lending.onlyKin || !lending.ancestors.isEmpty else { return }
        guard !state.rules.admission.isTooMuch(now.memoryPressure) else {
            if state.settings.keys.contains(where: { store.counts(of: $0).ready > 0 }) {
                wake(atMonotonic: now.monotonic + Self.pressureInterval)
            }
            return
        }
        var gated: [String: PoolRoom] = [:]
        for pool in try store.pools() {
            guard let its = state.settings[pool.name] else { continue }
            if let warm = its.warm {
                try tend(pool, warm, lending)
                continue
            }
            guard pool.mode != .paused else { continue }
            try preempt(in: pool)
            let live = store.live(in: pool.name)
            let lent = lending[pool.name]
            // An order that is ahead of its slot could get one that is lent to others.
            let depth = lent.toKin == 0 ? state.runAhead[pool.name]?.depth(slots: pool.slots, cycle: cycle) ?? 0 : 0
            let room = lent.room(slots: pool.slots, live)
            let free = room.slots
            guard pool.slots > 0, store.counts(of: pool.name).ready > 0 else { continue }
            guard free + depth > 0 || !lending.isNone else { continue }
            // Memory is shared by pools, as gates are.
            if store.lanes(in: pool.name).isEmpty, its.reserve == nil, try !hasReadyKin(in: pool.name, lending) {
                for task in try ready(in: pool.name, lane: "", limit: max(0, free + depth)) {
                    try dispatch(task)
                }
            } else {
                gated[pool.name] = PoolRoom(lending: room, ahead: its.reserve == nil ? depth : 0)
            }
        }
        if !gated.isEmpty { try dispatchByLanes(gated, lending) }
    }

    /// How often a machine is looked at that has too little memory, in milliseconds.
    private static var pressureInterval: Int64 { 1_000 }

    /// What a pool can still be handed.
    private struct PoolRoom {
        var lending: Lending.Room
        /// Beyond the slots; never for a task that has gates to pass, since it must not start once one has closed.
        var ahead: Int
    }

    /// Takes the best of the tasks at the heads of all open lanes, again and again, over all these pools, since they may share
    /// limits. It costs a look at each lane, and another for each task that is taken.
    private mutating func dispatchByLanes(_ rooms: [String: PoolRoom], _ lending: Lending) throws {
        var rooms = rooms
        var gateStates = gateStates(lending)
        var memory = MemoryLeft(
            state.rules.admission, reserved: Admission.reserved(state.settings.values) { store.live(in: $0) },
            isAllWaiting: allThatHoldsMemoryWaits)
        var heads: [Head] = []
        for pool in rooms.keys.sorted() { heads += try self.heads(in: pool, gateStates, lending) }
        // A task below one that waits may stand at the head of two lines.
        var taken: Set<Int64> = []
        while let index = heads.indices.max(by: { heads[$1].goesBefore(heads[$0]) }) {
            let head = heads.remove(at: index)
            let task = head.task
            guard let room = rooms[task.pool], gateStates.isOpen(task.lane, toKin: head.isKin) else { continue }
            if taken.contains(task.id) {
                heads += try self.heads(of: head.line, lending).filter { !taken.contains($0.task.id) }
                continue
            }
            if head.isKin, room.lending.kin <= 0 {
                // Whatever has been ordered and has not started matters less.
                try takeBackOthers(1 - room.lending.kin, in: task.pool, lending)
                rooms[task.pool] = nil
                continue
            }
            // What comes next in the pool must wait for a slot; something later must not be run ahead of it.
            guard head.isKin || room.lending.slots > 0 || (task.lane.isEmpty && room.lending.slots + room.ahead > 0) else {
                rooms[task.pool] = nil
                continue
            }
            if let pool = state.settings[task.pool] {
                guard memory.take(for: pool, kin: head.isKin) else { continue }
            }
            try dispatch(task)
            taken.insert(task.id)
            gateStates.enter(task.lane, toKin: head.isKin)
            rooms[task.pool]?.lending.take(isKin: head.isKin)
            // What was not where it belongs has perhaps not gone.
            heads += try self.heads(of: head.line, lending).filter { !taken.contains($0.task.id) }
        }
    }

    /// The first ready task of each line of a pool whose gates are open to it.
    private func heads(in pool: String, _ gateStates: GateStates, _ lending: Lending) throws -> [Head] {
        var heads = lending.isNone ? [] : try kinHeads(in: pool, lending, gateStates)
        guard !lending.onlyKin else { return heads }
        for lane in [""] + store.lanes(in: pool).keys.sorted() where gateStates.isOpen(lane) {
            heads += try self.heads(of: .lane(pool: pool, lane: lane), lending)
        }
        return heads
    }

    /// Whether every attempt that memory is set aside for waits at its door.
    private var allThatHoldsMemoryWaits: Bool {
        guard !state.waiting.isEmpty else { return false }
        let waiters = Dictionary(grouping: state.waiting.waiters.values, by: \.pool).mapValues(\.count)
        return state.settings.values.allSatisfy { pool in
            guard pool.reserve != nil else { return true }
            let live = store.live(in: pool.name)
            return live.dispatched + live.running == waiters[pool.name] ?? 0
        }
    }

    /// The task of a pool that is next for a worker: of open lanes only, and none that needs what the worker does not offer.
    ///
    /// - Parameter onlyKin: whether it must be below a task that waits.
    mutating func next(in pool: String, for offered: Set<String>, onlyKin: Bool, _ lending: Lending) throws -> TaskItem? {
        guard !lending.isNone || !store.lanes(in: pool).isEmpty else {
            return try ready(in: pool, lane: "", limit: 1).first
        }
        var best: Head?
        for head in try heads(in: pool, gateStates(lending), lending) where head.isKin || !onlyKin {
            guard GateName.needs(in: head.task.lane).allSatisfy({ offered.contains(String($0)) }) else { continue }
            if best.map(head.goesBefore) ?? true { best = head }
        }
        return best?.task
    }

    private mutating func dispatch(_ task: TaskItem) throws {
        let isRouting = task.definition.routing != nil
        // Some thousands of tasks may wait for the rest of a reload.
        if isRouting || task.isChild, try !isPlaced(task) {
            // What comes after it may have its place.
            isUnfinished = true
            return try reclassify(task)
        }
        var task = task
        let place = task.place
        guard try move(&task, on: .dispatch) else { return }
        if !isRouting { task.attempts += 1 }
        task.reason = nil
        try store.update(task, from: place)
        let attempt = try store.insertAttempt(
            task: task.id, number: isRouting ? Attempt.routingNumber : task.attempts, pool: task.pool, agent: agent(of: task),
            dispatchedAt: now.wall)
        assert(attempt.task == task.id && attempt.standing == .ordered)
        let input = task.definition.hasInput && !isRouting ? try store.input(of: task.id) : nil
        launches.append(.launch(task, attempt, input: input))
    }

    /// Takes back attempts that wait for a slot behind tasks that have become ready and matter more.
    private mutating func preempt(in pool: PoolState) throws {
        guard let priority = newPriority[pool.name], store.live(in: pool.name).dispatched > 0 else { return }
        for (attempt, its) in try store.dispatchedAttempts(in: pool.name) where its < priority {
            if attempt.stopping == nil { effects.append(.revoke(attempt: attempt.id)) }
        }
    }

    /// Notes the tasks of a pool that would be next, where they became ready while nobody listened.
    mutating func noteHeads(of pool: String) throws {
        for lane in [""] + store.lanes(in: pool).keys.sorted() {
            if let best = try store.ready(in: pool, lane: lane, limit: 1).first { noteReady(best) }
        }
    }

    /// Takes back everything of a pool that has not started. A supervisor that comes later is told by `reconcile`.
    mutating func revoke(_ pool: String) throws {
        guard state.isConnected else { return }
        for (attempt, _) in try store.dispatchedAttempts(in: pool) where attempt.stopping == nil {
            effects.append(.revoke(attempt: attempt.id))
        }
    }
}
