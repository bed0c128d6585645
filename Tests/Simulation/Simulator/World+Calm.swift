import Engine
import Scheduling
import TestSupport

extension World {
    /// Clients and faults are over: everything is mended, let go, and has to come to its end.
    func calm() throws {
        note("calm")
        isCalm = true
        pools = plan.pools
        limits = plan.limits
        routes = plan.routes
        // What is spent for good would never end.
        budgets = []
        poisons = [:]
        // From now on workers are replaced for want of tasks as seldom as by default.
        for index in pools.indices { pools[index].warm?.maxIdle = WarmSettings.defaultMaxIdle }
        killsNextCommit = false
        losesNextLaunch = false
        killAfterEffects = nil
        failingCommits = 0
        fullUntil = 0
        shortUntil = 0
        supervisor.isShort = false
        linkDelay = (0, 0)
        if supervisor.isStopping { killSupervisor() }
        // What was drained starts again with another engine.
        if engine != nil { try endEngine() }
        // What is asked again after an answer that did not come is asked by then.
        later(.bound, in: 20_000)
    }

    func setDeadline() { deadline = clock.elapsed + bound }

    /// How long the rest can take at the most: one thing after the other.
    private var bound: Int64 {
        let now = clock.now.wall
        let latestDue = ledger.unfinished.compactMap { ledger.tasks[$0]?.dueAt }.max() ?? now
        let work = ledger.unfinished.reduce(into: Int64(0)) { sum, id in
            guard let task = ledger.tasks[id] else { return }
            if task.definition.routing != nil { sum += 60_000 }
            var once = max(Int64(task.definition.work.words[1]) ?? 0, task.timeout ?? 0, task.idleTimeout ?? 0) + 30_000
            // Its allowance is used up, or it waits for a worker to be ready, and others before it have failed.
            if task.definition.work.isPrompt { once += SimulatedAgent.longestClosed }
            if pools.first(where: { $0.name == task.pool })?.warm != nil { once += 60_000 }
            sum += once * Int64(task.retry.retries + 2)
        }
        let latestGate = ledger.lanes.gates.values.compactMap(\.until).max() ?? now
        let longestBackoff: Int64 = 600_000
        return work + max(latestDue - now, 0) + max(latestGate - now, 0) + longestBackoff + 600_000
    }

    /// Nothing is on its way, and no fault is in force.
    func settle() throws {
        // Requests may have waited in the socket, and are undone here as well.
        if engine?.core.isDraining ?? false { return try endEngine() }
        let idle = ledger.pools.values.filter { $0.mode != .active || $0.slots == 0 }.sorted { $0.name < $1.name }
        for pool in idle {
            ask(.resumePool(pool.name))
            ask(.resizePool(pool.name, slots: max(pool.configuredSlots, 1)))
        }
        guard idle.isEmpty else { return }
        let held = ledger.unfinished.sorted().filter { ledger.tasks[$0]?.phase == .held }
        if !held.isEmpty { return ask(.release(held)) }
        let paused = ledger.live.values.filter { $0.pauses?.isPaused ?? false && $0.stopping == nil }.map(\.task).sorted()
        if !paused.isEmpty { return ask(.resume(paused)) }
        guard ledger.unfinished.isEmpty else { return }
        guard !isSwept else { return finish() }
        // Until then, somebody may still ask again.
        guard deadline != .max else { return }
        isSwept = true
        try checkEnd()
        // Everything is forgotten now, and nothing may be left of it.
        retention = (0, 0)
        for index in pools.indices { pools[index].warm?.minReady = 0 }
        reload()
        later(.sweep, in: 3_700_000)
        deadline = .max
    }

    func sweep() throws {
        wakeEngine()
        isDoneSweeping = true
    }

    private func finish() {
        guard isDoneSweeping else { return }
        // What was lost with a connection is made good with the next one.
        guard hasMetAgain else {
            hasMetAgain = true
            return breakLink()
        }
        checkSwept()
        isDone = true
    }
}
