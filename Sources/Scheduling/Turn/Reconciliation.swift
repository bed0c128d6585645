import OrchProtocol
import SupervisorLink

/// The engine's intentions and the supervisor's truth, brought together whenever the two meet.
extension Turn {
    mutating func reconcile(_ inventory: Inventory) throws {
        let pools = try store.pools()
        // What is lent is told again at the end of the turn, when all orders are known.
        state.lentTold = [:]
        for pool in pools { effects.append(.setSlots(pool: pool.name, slots: pool.slots)) }
        let startable = Set(
            pools.filter { $0.mode != .paused && state.settings[$0.name] != nil && !state.isDraining }.map(\.name))
        let isSameStore = try store.supervisorStore() == inventory.store
        // A supervisor that has heard of more attempts than there are knew this database when it was newer, before a backup of it
        // was restored. It starts no attempt twice, so new ones need numbers beyond those.
        let isOlderCopy = try store.skipAttempts(upTo: inventory.heardUpTo)
        if !isSameStore { try store.setSupervisorStore(inventory.store) }
        if !inventory.isQuiet { announce() }

        for end in inventory.ended { try noteEnd(end) }
        // Only now: a gate that such an end closes must not take back by a word that overtakes the order, which is only given below.
        state.isConnected = true
        let waiting = Set(inventory.waiting)
        let started = Dictionary(inventory.started.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var unknown = waiting.union(started.keys)
        unknown.subtract(try reconcileWorkers(inventory, started: started, waiting: waiting))
        for attempt in try store.liveAttempts() {
            unknown.remove(attempt.id)
            if let start = started[attempt.id] {
                try resume(attempt, start: start)
            } else if waiting.contains(attempt.id) {
                if attempt.stopping != nil {
                    effects.append(.stop(attempt: attempt.id, grace: grace(of: attempt.pool)))
                } else if try !startable.contains(attempt.pool) || isAwaited(attempt) || isBehindClosedGate(attempt) {
                    effects.append(.revoke(attempt: attempt.id))
                }
            } else if attempt.delivery != nil {
                try lose(attempt)
            } else if isSameStore, attempt.id > inventory.heardUpTo, startable.contains(attempt.pool), !isAwaited(attempt),
                try !isBehindClosedGate(attempt)
            {
                try handOver(attempt)
            } else if isSameStore, !isOlderCopy, attempt.state == .dispatched {
                // It never started: the supervisor notes every start before it happens. It was taken back and the answer was lost
                // with an engine, or it was waiting when the last supervisor went down, or is not to be handed over now.
                try noteRevoked(attempt.id, accepted: true)
            } else {
                try lose(attempt)
            }
        }
        // While nobody listened, something may have become ready that matters more than what waits there.
        for pool in startable.sorted() { try noteHeads(of: pool) }
        // What was said to a supervisor at the end of another connection, it may never have read.
        let oldest = try store.oldestAttempt()
        effects.append(.sweep(pools: pools.map(\.name), tasksBelow: oldest.task, workersBelow: oldest.id))
        // Nothing runs that the store does not know: it can only be of a database that was replaced by an older copy.
        for id in unknown.sorted() { effects.append(.stop(attempt: id, grace: 0)) }
    }

    private func isBehindClosedGate(_ attempt: Attempt) throws -> Bool {
        let gates = store.gates
        guard !gates.isEmpty, let lane = try store.task(attempt.task)?.lane else { return false }
        return GateName.names(in: lane).contains { gates[String($0)]?.isClosed ?? false }
    }

    /// A process that ran before the engine came still runs.
    private mutating func resume(_ attempt: Attempt, start: StartReport) throws {
        guard let move = try step(attempt, on: .found), let task = try store.task(attempt.task) else { return }
        if move.actions.contains(.noteStart) {
            try begin(attempt, start, move)
        } else if move.next != .stopping {
            var attempt = attempt
            forgetWait(of: &attempt)
            if move.actions.contains(.offerAgain) {
                let input = task.definition.hasInput ? try store.input(of: task.id) : nil
                effects.append(.assign(task, attempt, input: input, again: true))
            }
            attempt.wakeAt =
                switch move.next {
                case .offered: now.monotonic + Worker.acceptTimeout
                case .closing: now.monotonic + Worker.exitTimeout
                default: firstWake(of: task, attempt)
                }
            if move.actions.contains(.alignStart), attempt.delivery == nil {
                attempt.alignStart(wall: now.wall, monotonic: now.monotonic)
            }
            try store.update(attempt, from: attempt.state)
        }
        // What was said to a supervisor last, it may never have heard.
        if let pauses = attempt.pauses, pauses.isPaused || pauses.ended != nil {
            effects.append(.freeze(attempt: attempt.id, pauses.isPaused))
        }
        if move.actions.contains(.orderStop) { orderStop(attempt.id, in: attempt.pool) }
    }

    /// The engine went down between the commit and the order: the supervisor has never heard of it, so it never started.
    ///
    /// The order stands among the other effects, and not with the launches at their end: what comes after it in this turn may be
    /// to take it back.
    private mutating func handOver(_ attempt: Attempt) throws {
        guard let task = try store.task(attempt.task) else { return try store.removeAttempt(attempt) }
        assert(attempt.isOrdered, "attempt \(attempt.id) has been handed over before")
        guard attempt.stopping == nil else { return try noteRevoked(attempt.id, accepted: true) }
        let input = task.definition.hasInput && !attempt.isRouting ? try store.input(of: task.id) : nil
        effects.append(.launch(task, attempt, input: input))
    }

    private mutating func lose(_ attempt: Attempt) throws {
        let reason =
            attempt.state == .running
            ? "lost: the supervisor or the machine went down while it ran"
            : "lost: the supervisor or the machine went down before it was known to have started"
        var end = AttemptEnd(
            attempt: attempt.id, start: nil, ending: .lost(reason), endedAt: now.wall,
            endedMonotonic: now.monotonic)
        end.stopped = attempt.stopping != nil
        try noteEnd(end)
    }

    mutating func disconnect() {
        guard state.isConnected else { return }
        state.isConnected = false
        guard state.isAnnounced else { return }
        state.isAnnounced = false
        event(.supervisorLost)
    }

    mutating func announce() {
        guard !state.isAnnounced else { return }
        state.isAnnounced = true
        event(.supervisorConnected)
    }
}
