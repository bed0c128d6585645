import OrchProtocol

/// Which ready tasks become attempts.
extension Scheduler {
    func dispatch(_ work: inout TurnWork<some TaskTransaction>, cycle: Double) throws {
        guard isConnected, !isDraining else { return }
        guard !rules.admission.isTooMuch(work.now.memoryPressure) else {
            if settings.keys.contains(where: { work.store.counts(of: $0).ready > 0 }) {
                work.wakeMonotonic = work.now.monotonic + Self.pressureInterval
            }
            return
        }
        var gated: [String: PoolRoom] = [:]
        for pool in try work.store.pools() {
            guard let its = settings[pool.name] else { continue }
            if let warm = its.warm {
                try tend(pool, warm, &work)
                continue
            }
            guard pool.mode != .paused else { continue }
            try preempt(in: pool, &work)
            let live = work.store.live(in: pool.name)
            let depth = runAhead[pool.name]?.depth(slots: pool.slots, cycle: cycle) ?? 0
            let free = pool.slots - live.dispatched - live.running
            guard pool.slots > 0, free + depth > 0, work.store.counts(of: pool.name).ready > 0 else { continue }
            // Memory is shared by pools, as gates are.
            if work.store.lanes(in: pool.name).isEmpty, its.reserve == nil {
                for task in try ready(in: pool.name, lane: "", limit: free + depth, store: work.store) {
                    try dispatch(task, &work)
                }
            } else {
                gated[pool.name] = PoolRoom(slots: free, ahead: its.reserve == nil ? depth : 0)
            }
        }
        if !gated.isEmpty { try dispatchByLanes(gated, &work) }
    }

    /// How often a machine is looked at that has too little memory, in milliseconds.
    private static let pressureInterval: Int64 = 1_000

    /// What a pool can still be handed.
    private struct PoolRoom {
        var slots: Int
        /// Beyond the slots; never for a task that has gates to pass, since it must not start once one has closed.
        var ahead: Int
    }

    /// Takes the best of the tasks at the heads of all open lanes, again and again, over all these pools, since they may share
    /// limits. It costs a look at each lane, and another for each task that is taken.
    private func dispatchByLanes(
        _ rooms: [String: PoolRoom], _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var rooms = rooms
        var gateStates = gateStates(in: work.store)
        let store = work.store
        var memory = MemoryLeft(
            rules.admission, reserved: Admission.reserved(settings.values) { store.live(in: $0) })
        var heads: [TaskItem] = []
        for pool in rooms.keys.sorted() {
            for lane in [""] + work.store.lanes(in: pool).keys.sorted() where gateStates.isOpen(lane) {
                heads += try ready(in: pool, lane: lane, limit: 1, store: store)
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
            if let pool = settings[task.pool] {
                guard memory.take(for: pool) else { continue }
            }
            try dispatch(task, &work)
            gateStates.enter(task.lane)
            rooms[task.pool]?.slots -= 1
            heads += try ready(in: task.pool, lane: task.lane, limit: 1, store: store)
        }
    }

    /// The task of a pool that is next for a worker: of open lanes only, and none that needs what the worker does not offer.
    func next(
        in pool: String, for offered: Set<String>, _ work: inout TurnWork<some TaskTransaction>
    ) throws -> TaskItem? {
        let lanes = work.store.lanes(in: pool).keys.sorted()
        guard !lanes.isEmpty else { return try ready(in: pool, lane: "", limit: 1, store: work.store).first }
        let gateStates = gateStates(in: work.store)
        var best: TaskItem?
        for lane in [""] + lanes where gateStates.isOpen(lane) {
            guard GateName.needs(in: lane).allSatisfy({ offered.contains(String($0)) }) else { continue }
            guard let head = try ready(in: pool, lane: lane, limit: 1, store: work.store).first else { continue }
            if best.map(head.goesBefore) ?? true { best = head }
        }
        return best
    }

    private func dispatch(_ task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws {
        let isRouting = task.definition.routing != nil
        // Some thousands of tasks may wait for the rest of a reload.
        if isRouting, try !isPlaced(task, in: work.store) { return try reclassify(task, &work) }
        var task = task
        let place = task.place
        task.phase = .running
        if !isRouting { task.attempts += 1 }
        task.reason = nil
        try work.store.update(task, from: place)
        let attempt = try work.store.insertAttempt(
            task: task.id, number: isRouting ? Attempt.routingNumber : task.attempts, pool: task.pool, agent: agent(of: task),
            dispatchedAt: work.now.wall)
        let input = task.definition.hasInput && !isRouting ? try work.store.input(of: task.id) : nil
        work.launches.append(.launch(task, attempt, input: input))
    }

    /// Takes back attempts that wait for a slot behind tasks that have become ready and matter more.
    private func preempt(in pool: PoolState, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard let priority = work.newPriority[pool.name], work.store.live(in: pool.name).dispatched > 0 else { return }
        for (attempt, its) in try work.store.dispatchedAttempts(in: pool.name) where its < priority {
            if attempt.stopping == nil { work.effects.append(.revoke(attempt: attempt.id)) }
        }
    }

    /// Notes the tasks of a pool that would be next, where they became ready while nobody listened.
    func noteHeads(of pool: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        for lane in [""] + work.store.lanes(in: pool).keys.sorted() {
            if let best = try work.store.ready(in: pool, lane: lane, limit: 1).first { work.noteReady(best) }
        }
    }

    /// Takes back everything of a pool that has not started. A supervisor that comes later is told by `reconcile`.
    func revoke(_ pool: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard isConnected else { return }
        for (attempt, _) in try work.store.dispatchedAttempts(in: pool) where attempt.stopping == nil {
            work.effects.append(.revoke(attempt: attempt.id))
        }
    }
}

extension TaskItem {
    fileprivate func goesBefore(_ other: TaskItem) -> Bool {
        (other.priority, id) < (priority, other.id)
    }
}
