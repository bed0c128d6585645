import OrchProtocol
import Text

/// Pools, and the daemon as a whole.
extension Scheduler {
    mutating func configure(_ pools: [PoolSettings], _ work: inout TurnWork<some TaskTransaction>) throws {
        settings = Dictionary(uniqueKeysWithValues: pools.map { ($0.name, $0) })
        let known = Dictionary(uniqueKeysWithValues: try work.store.pools().map { ($0.name, $0) })
        for pool in pools {
            var state = known[pool.name] ?? PoolState(name: pool.name, slots: pool.slots, configuredSlots: pool.slots)
            if state.configuredSlots != pool.slots {
                if pool.slots < state.slots { try revoke(pool.name, &work) }
                state.configuredSlots = pool.slots
                state.slots = pool.slots
            }
            if state != known[pool.name] { try work.store.save(state) }
            if isConnected { work.effects.append(.setSlots(pool: pool.name, slots: state.slots)) }
        }
        try dismissOutdated(&work)
        for name in known.keys.sorted() where settings[name] == nil {
            try revoke(name, &work)
            if !work.store.occupiedPools.contains(name) { try work.store.removePool(name) }
        }
        try checkLanes(&work)
    }

    func setMode(
        _ mode: PoolState.Mode, of name: String, by requester: Requester, reply: ReplyToken,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        var pool = try administered(name, by: requester, in: work.store)
        // Somebody whose connection broke asks again.
        let isNews = pool.mode != mode
        pool.mode = mode
        if isNews { try work.store.save(pool) }
        if mode == .paused { try revoke(name, &work) }
        let kind: Event.Kind =
            switch mode {
            case .active: .poolResumed
            case .paused: .poolPaused
            case .draining: .poolDraining
            }
        if isNews { work.event(kind) { $0.pool = name } }
        let sentence =
            switch mode {
            case .active: "the pool \"\(name)\" starts tasks again"
            case .paused: "the pool \"\(name)\" is paused; running tasks go on"
            case .draining: "the pool \"\(name)\" takes no new tasks and finishes those it has"
            }
        work.effects.append(.reply(reply, .done(sentence)))
    }

    func resize(
        _ name: String, slots: Int, by requester: Requester, reply: ReplyToken,
        _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        try SpecRules.check(slots, "slots", nil)
        var pool = try administered(name, by: requester, in: work.store)
        if slots < pool.slots { try revoke(name, &work) }
        if slots != pool.slots {
            pool.slots = slots
            try work.store.save(pool)
            if isConnected { work.effects.append(.setSlots(pool: name, slots: slots)) }
            work.event(.poolResized) {
                $0.pool = name
                $0.detail = counted(slots, "slot")
            }
        }
        work.effects.append(.reply(reply, .done("the pool \"\(name)\" has \(counted(slots, "slot"))")))
    }

    private func administered(
        _ name: String, by requester: Requester, in store: some TaskTransaction
    ) throws -> PoolState {
        try requester.requireAdministrator(to: "change pools")
        guard settings[name] != nil, let pool = try store.pools().first(where: { $0.name == name }) else {
            throw unknownPool(name)
        }
        return pool
    }

    mutating func drain(
        by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        try requester.requireAdministrator(to: "drain the daemon")
        if !isDraining { work.event(.daemonDraining) { _ in } }
        isDraining = true
        for pool in try work.store.pools() { try revoke(pool.name, &work) }
        try dismissAll(&work)
        let running = try work.store.liveAttempts().count { !$0.isOrdered }
        work.effects.append(.reply(reply, .done("draining: nothing new is started, \(running) running")))
    }

    mutating func shutdown(
        by requester: Requester, reply: ReplyToken, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        try requester.requireAdministrator(to: "stop the daemon")
        isDraining = true
        isStopping = true
        let live = try work.store.liveAttempts()
        for attempt in live {
            if attempt.state == .running {
                try stop(attempt.id, because: .shutdown, &work)
            } else if isConnected {
                work.effects.append(.revoke(attempt: attempt.id))
            }
        }
        try dismissAll(&work)
        let running = live.count { $0.state == .running }
        work.effects.append(
            .reply(
                reply,
                .done(
                    running == 0
                        ? "stopping: no task is running"
                        : "stopping: \(running) running \(running == 1 ? "task is" : "tasks are") being ended")))
    }
}
