import OrchProtocol

/// Which ready tasks become attempts.
extension Turn {
    mutating func dispatch(cycle: Double) throws {
        guard state.isConnected, !state.isDraining else { return }
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
                try tend(pool, warm)
                continue
            }
            guard pool.mode != .paused else { continue }
            try preempt(in: pool)
            let live = store.live(in: pool.name)
            let depth = state.runAhead[pool.name]?.depth(slots: pool.slots, cycle: cycle) ?? 0
            let free = pool.slots - live.dispatched - live.running
            guard pool.slots > 0, free + depth > 0, store.counts(of: pool.name).ready > 0 else { continue }
            // Memory is shared by pools, as gates are.
            if store.lanes(in: pool.name).isEmpty, its.reserve == nil {
                for task in try ready(in: pool.name, lane: "", limit: free + depth) {
                    try dispatch(task)
                }
            } else {
                gated[pool.name] = PoolRoom(slots: free, ahead: its.reserve == nil ? depth : 0)
            }
        }
        if !gated.isEmpty { try dispatchByLanes(gated) }
    }

    /// How often a machine is looked at that has too little memory, in milliseconds.
    private static var pressureInterval: Int64 { 1_000 }

    /// What a pool can still be handed.
    private struct PoolRoom {
        var slots: Int
        /// Beyond the slots; never for a task that has gates to pass, since it must not start once one has closed.
        var ahead: Int
    }

    /// Takes the best of the tasks at the heads of all open lanes, again and again, over all these pools, since they may share
    /// limits. It costs a look at each lane, and another for each task that is taken.
    private mutating func dispatchByLanes(_ rooms: [String: PoolRoom]) throws {
        var rooms = rooms
        var gateStates = gateStates()
        var memory = MemoryLeft(
            state.rules.admission, reserved: Admission.reserved(state.settings.values) { store.live(in: $0) })
        var heads: [TaskItem] = []
        for pool in rooms.keys.sorted() {
            for lane in [""] + store.lanes(in: pool).keys.sorted() where gateStates.isOpen(lane) {
                heads += try ready(in: pool, lane: lane, limit: 1)
            }
        }
        while let index = heads.indices.max(by: { heads[$1].goesBefore(heads[$0]) }) {
            let task = heads.remove(at: index)
            guard let room = rooms[task.pool], gateStates.isOpen(task.lane) else { continue }
            // What comes next in the pool must wait for a slot; something later must not be run ahead of it.
            guard room.slots > 0 || (task.lane.isEmpty && room.slots + room.ahead > 0) else {
                rooms[task.pool] = nil
                continue
            }
            if let pool = state.settings[task.pool] {
                guard memory.take(for: pool) else { continue }
            }
            try dispatch(task)
            gateStates.enter(task.lane)
            rooms[task.pool]?.slots -= 1
            heads += try ready(in: task.pool, lane: task.lane, limit: 1)
        }
    }

    /// The task of a pool that is next for a worker: of open lanes only, and none that needs what the worker does not offer.
    mutating func next(in pool: String, for offered: Set<String>) throws -> TaskItem? {
        let lanes = store.lanes(in: pool).keys.sorted()
        guard !lanes.isEmpty else { return try ready(in: pool, lane: "", limit: 1).first }
        let gateStates = gateStates()
        var best: TaskItem?
        for lane in [""] + lanes where gateStates.isOpen(lane) {
            guard GateName.needs(in: lane).allSatisfy({ offered.contains(String($0)) }) else { continue }
            guard let head = try ready(in: pool, lane: lane, limit: 1).first else { continue }
            if best.map(head.goesBefore) ?? true { best = head }
        }
        return best
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

extension TaskItem {
    fileprivate func goesBefore(_ other: TaskItem) -> Bool {
        (other.priority, id) < (priority, other.id)
    }
}
