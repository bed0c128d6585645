import OrchProtocol

/// Pools, and the daemon as a whole.
extension Turn {
    mutating func configure(_ pools: [PoolSettings]) throws {
        state.settings = Dictionary(uniqueKeysWithValues: pools.map { ($0.name, $0) })
        let known = Dictionary(uniqueKeysWithValues: try store.pools().map { ($0.name, $0) })
        for pool in pools {
            var row = known[pool.name] ?? PoolState(name: pool.name, slots: pool.slots, configuredSlots: pool.slots)
            if row.configuredSlots != pool.slots {
                if pool.slots < row.slots { try revoke(pool.name) }
                row.configuredSlots = pool.slots
                row.slots = pool.slots
            }
            if row != known[pool.name] { try store.save(row) }
            if state.isConnected { effects.append(.setSlots(pool: pool.name, slots: slotsToTell(of: row))) }
        }
        try dismissOutdated()
        for name in known.keys.sorted() where state.settings[name] == nil {
            try revoke(name)
            if !store.occupiedPools.contains(name) { try store.removePool(name) }
        }
        try checkLanes()
    }

    mutating func setMode(_ mode: PoolState.Mode, of name: String) throws -> Answer {
        var pool = try self.pool(named: name)
        // Somebody whose connection broke asks again.
        let isNews = pool.mode != mode
        pool.mode = mode
        if isNews { try store.save(pool) }
        if mode == .paused { try revoke(name) }
        let (kind, sentence): (Event.Kind, String) =
            switch mode {
            case .active: (.poolResumed, "starts tasks again")
            case .paused: (.poolPaused, "is paused; running tasks continue")
            case .draining: (.poolDraining, "accepts no new tasks and runs those it has")
            }
        if isNews { event(kind) { $0.pool = name } }
        return .now(.done("the pool \"\(name)\" \(sentence)"))
    }

    mutating func resize(_ name: String, slots: Int) throws -> Answer {
        try SpecRules.check(slots, "slots", nil)
        var pool = try self.pool(named: name)
        if slots < pool.slots { try revoke(name) }
        if slots != pool.slots {
            pool.slots = slots
            try store.save(pool)
            if state.isConnected { effects.append(.setSlots(pool: name, slots: slotsToTell(of: pool))) }
            event(.poolResized) {
                $0.pool = name
                $0.detail = counted(slots, "slot")
            }
        }
        return .now(.done("the pool \"\(name)\" has \(counted(slots, "slot"))"))
    }

    private func pool(named name: String) throws -> PoolState {
        guard state.settings[name] != nil, let pool = try store.pools().first(where: { $0.name == name }) else {
            throw unknownPool(name)
        }
        return pool
    }

    mutating func drain() throws -> Answer {
        if !state.isDraining { event(.daemonDraining) }
        state.isDraining = true
        for pool in try store.pools() { try revoke(pool.name) }
        try dismissAll()
        let running = try store.liveAttempts().count { !$0.isOrdered }
        return .now(.done("draining: no more tasks start, \(running) running"))
    }

    mutating func shutdown() throws -> Answer {
        state.isDraining = true
        state.isStopping = true
        let live = try store.liveAttempts()
        for attempt in live {
            if attempt.state == .running {
                try stop(attempt.id, because: .shutdown)
            } else if state.isConnected {
                effects.append(.revoke(attempt: attempt.id))
            }
        }
        try dismissAll()
        let running = live.count { $0.state == .running }
        return .now(
            .done(
                running == 0
                    ? "stopping: no task is running"
                    : "stopping: \(running) running \(running == 1 ? "task is" : "tasks are") being ended"))
    }
}
