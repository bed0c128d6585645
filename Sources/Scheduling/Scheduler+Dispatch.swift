import OrchProtocol

/// Which ready tasks become attempts.
extension Scheduler {
    func dispatch(_ work: inout TurnWork<some TaskTransaction>, cycle: Double) throws {
        guard isConnected, !isDraining else { return }
        for pool in try work.store.pools() {
            guard let its = settings[pool.name] else { continue }
            if let warm = its.warm {
                try tend(pool, warm, &work)
                continue
            }
            guard pool.mode != .paused else { continue }
            try giveWay(in: pool, &work)
            let live = work.store.live(in: pool.name)
            let depth = runAhead[pool.name]?.depth(slots: pool.slots, cycle: cycle) ?? 0
            let room = pool.slots + depth - live.dispatched - live.running
            guard pool.slots > 0, room > 0, work.store.counts(of: pool.name).ready > 0 else { continue }
            for task in try work.store.ready(in: pool.name, limit: room) { try dispatch(task, &work) }
        }
    }

    private func dispatch(_ task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws {
        var task = task
        let place = task.place
        task.phase = .running
        task.attempts += 1
        task.reason = nil
        try work.store.update(task, from: place)
        let attempt = try work.store.insertAttempt(
            task: task.id, number: task.attempts, pool: task.pool, dispatchedAt: work.now.wall)
        let input = task.definition.hasInput ? try work.store.input(of: task.id) : nil
        work.launches.append(.launch(task, attempt, input: input))
    }

    /// Takes back attempts that wait for a slot behind tasks that have become ready and matter more.
    private func giveWay(in pool: PoolState, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard let priority = work.newPriority[pool.name], work.store.live(in: pool.name).dispatched > 0 else { return }
        for (attempt, its) in try work.store.dispatchedAttempts(in: pool.name) where its < priority {
            if attempt.stopping == nil { work.effects.append(.revoke(attempt: attempt.id)) }
        }
    }

    /// Takes back everything of a pool that has not started. A supervisor that comes later is told by `reconcile`.
    func takeBack(_ pool: String, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard isConnected else { return }
        for (attempt, _) in try work.store.dispatchedAttempts(in: pool) where attempt.stopping == nil {
            work.effects.append(.revoke(attempt: attempt.id))
        }
    }
}
