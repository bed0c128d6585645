import OrchProtocol

/// Which gates a task has to pass. It is decided when the task becomes ready, and again for all that are ready or running when the
/// configuration has other rules for it.
extension Turn {
    /// How many lanes a pool may have before new providers, whose names are for anybody to invent, share one.
    private static var maximumLanes: Int { 64 }

    /// Puts a task among those that only a slot and their gates keep from starting. The caller writes it.
    mutating func makeReady(_ task: inout TaskItem) throws {
        task.phase = .ready
        try prepareRouting(&task)
        try place(&task)
        noteReady(task)
    }

    /// - Parameter attempt: that it runs in: what it was started with stays, whatever has happened to its pool.
    private func place(_ task: inout TaskItem, running attempt: Attempt? = nil) throws {
        // Of plain commands there may be a great many, and there is nothing to say about them.
        // Nor about a program that is asked where the task goes: its pool has slots for that.
        let spends = attempt?.delivery != nil || canSpend(task)
        let barred = task.isChild && attempt == nil ? try treeGates(of: task, spends: spends) : []
        let windows = try windows(of: task)
        if Self.saysWhy(task.lane) { task.reason = nil }
        guard task.definition.routing == nil,
            spends || !task.definition.needs.isEmpty || !state.rules.limits.isEmpty || !barred.isEmpty || !windows.isEmpty
        else {
            task.lane = ""
            return
        }
        let agent = attempt?.agent ?? agent(of: task)
        var gates = try neededGates(task) + matchingGates(task, agent, spends: spends) + windows
        for (name, verdict) in barred {
            gates.append(name)
            task.reason = verdict
        }
        for (name, verdict) in try spentBudgets(of: task, gates: gates) {
            gates.append(GateName.spent(name))
            task.reason = verdict
        }
        task.lane = lane(of: task, agent, gates: gates)
    }

    /// Whether a task says itself why it waits there, since that is another reason for each.
    private static func saysWhy(_ lane: String) -> Bool {
        GateName.names(in: lane).contains { $0 == GateName.rights || $0.has(prefix: GateName.spentPrefix) }
    }

    private func lane(of task: TaskItem, _ agent: String?, gates: [String]) -> String {
        var gates = gates
        guard let agent else { return gates.sorted().joined(separator: " ") }
        let own = GateName.agent(agent, provider: provider(of: task, agent: agent))
        let lane = (gates + [own]).sorted().joined(separator: " ")
        let known = store.lanes(in: task.pool)
        guard known.count >= Self.maximumLanes, known[lane] == nil else { return lane }
        gates.append(GateName.agent(agent, provider: ""))
        return gates.sorted().joined(separator: " ")
    }

    /// That of tasks which nobody in their pool can do, or of those for which only a worker will do that says it can.
    private func neededGates(_ task: TaskItem) throws -> [String] {
        let needs = task.definition.needs
        guard !needs.isEmpty else { return [] }
        let router = try router()
        if router.offersAlways(task.pool, needs) { return [] }
        guard router.offers(task.pool, needs) else { return [GateName.needs] }
        let listed = state.settings[task.pool]?.capabilities ?? []
        let own = GateName.needs(needs.filter { !listed.contains($0) })
        let known = store.lanes(in: task.pool)
        let isKnown = known.keys.contains { GateName.names(in: $0).contains(Substring(own)) }
        // What is needed together is for anybody to invent: where there is too much of it, a worker must have all that there is.
        guard known.count >= Self.maximumLanes, !isKnown else { return [own] }
        return [GateName.needs(router.offered(by: task.pool).subtracting(listed))]
    }

    func router() throws -> TaskRouter {
        TaskRouter(rules: state.rules, pools: state.settings, states: try store.pools())
    }

    private func matchingGates(_ task: TaskItem, _ agent: String?, spends: Bool) -> [String] {
        guard !state.rules.limits.isEmpty || !state.rules.budgets.isEmpty else { return [] }
        let facts = facts(of: task, agent)
        var gates = state.rules.limits.filter { $0.matcher.matches(facts) }.map { limit in
            guard limit.share == .submitter else { return GateName.limit(limit.name) }
            let own = GateName.limit(limit.name, share: task.definition.owner.key)
            let known = store.lanes(in: task.pool)
            let isKnown =
                known.count < Self.maximumLanes || known.keys.contains { GateName.names(in: $0).contains(Substring(own)) }
            return isKnown ? own : GateName.limit(limit.name, share: "")
        }
        if spends { gates += state.rules.budgets.filter { $0.matcher.matches(facts) }.map { GateName.budget($0.name) } }
        return gates
    }

    func facts(of task: TaskItem, _ agent: String?) -> TaskFacts {
        TaskFacts(
            pool: task.pool, agent: agent ?? "command",
            provider: agent.map { provider(of: task, agent: $0) } ?? "",
            model: (agent.flatMap { state.rules.agents[$0] } ?? AgentSettings()).effectiveModel(task.definition.model) ?? "",
            labels: task.definition.labels, submitter: task.definition.submitter, subject: task.definition.subject)
    }

    /// Whether anybody will tell what the task uses: an agent does, and a warm worker of whatever it does; a command does not.
    private func canSpend(_ task: TaskItem) -> Bool {
        if case .prompt = task.definition.work { return true }
        return !state.rules.budgets.isEmpty && state.settings[task.pool]?.warm != nil
    }

    /// The agent that gets the task's prompt; nil for a command, and while a program is asked about it.
    func agent(of task: TaskItem) -> String? {
        guard case .prompt = task.definition.work, task.definition.routing == nil else { return nil }
        return state.settings[task.pool]?.agent ?? ""
    }

    private func provider(of task: TaskItem, agent: String) -> String {
        (state.rules.agents[agent] ?? AgentSettings()).provider(ofModel: task.definition.model)
    }

    // MARK: When the rules change

    /// Changes if and only if a task may have another lane than before.
    private func laneRules() throws -> Int64 {
        var hash = StableHash()
        for limit in state.rules.limits.sorted(by: { $0.name < $1.name }) {
            hash.add(limit.name + limit.matcher.description + (limit.share?.rawValue ?? ""))
        }
        for budget in state.rules.budgets.sorted(by: { $0.name < $1.name }) { hash.add(budget.laneRule) }
        for (name, agent) in state.rules.agents.sorted(by: { $0.key < $1.key }) {
            hash.add("\(name) \(agent.model ?? "") \(agent.provider ?? "")")
        }
        for pool in state.settings.values.sorted(by: { $0.name < $1.name }) {
            hash.add("\(pool.name) \(pool.agent ?? "") \(pool.capabilities.sorted().joined(separator: ","))")
            if pool.warm != nil { hash.add("warm") }
            if let spawn = pool.spawn {
                hash.add("starts in \(spawn.pools.sorted().joined(separator: ",")), \(spawn.running ?? 0) at once")
            }
            if pool.runsAsSubmitter { hash.add("as its submitter") }
        }
        for route in state.rules.routes { if let program = route.program { hash.add("\(route.name) asks \(program.pool)") } }
        for pool in try store.pools() where !pool.reported.isEmpty && state.settings[pool.name]?.warm != nil {
            hash.add("\(pool.name) says \(pool.reported.sorted().joined(separator: ","))")
        }
        return hash.value
    }

    /// Begins to decide again where the tasks belong, if they were placed by other rules.
    mutating func checkLanes() throws {
        let number = try laneRules()
        guard try store.laneRules() != number else { return }
        try reclassify(after: 0, by: number)
    }

    /// Decides again for some thousands of tasks, so that the others are served meanwhile.
    ///
    /// - Parameter number: of the rules that it began with; other rules begin again.
    mutating func reclassify(after id: Int64, by number: Int64) throws {
        guard try number == laneRules() else { return }
        let tasks = try store.unfinished(in: nil, after: id, limit: SchedulerState.stride)
        for task in tasks where task.phase == .ready || task.phase == .active { try reclassify(task) }
        if let last = tasks.last, tasks.count == SchedulerState.stride {
            effects.append(.again(.reclassify(after: last.id, by: number)))
        } else {
            try store.setLaneRules(number)
        }
    }

    mutating func reclassify(_ task: TaskItem) throws {
        assert(task.phase == .ready || task.phase == .active, "only these have a lane")
        var changed = task
        if changed.phase == .ready {
            try prepareRouting(&changed)
            if !changed.definition.isPoolGiven, changed.definition.routing == nil {
                changed.pool = try pool(for: changed)
            }
        }
        let attempt = changed.phase == .active ? try store.liveAttempt(of: task.id) : nil
        try place(&changed, running: attempt)
        if let attempt { try endIfSpent(attempt, of: changed) }
        guard changed != task else { return }
        try store.update(changed, from: task.place)
        state.waiting.move(changed)
        if changed.phase == .ready { noteReady(changed) }
    }

    /// Whether a task that is about to start is where it belongs: whether the program of one that waits for its routing can be asked, and
    /// whether those above one that has a parent let it start.
    func isPlaced(_ task: TaskItem) throws -> Bool {
        if task.isChild, task.definition.routing == nil {
            let spends = canSpend(task)
            let budgets = spends ? try spentBudgets(of: task, gates: GateName.names(in: task.lane).map(String.init)) : []
            guard budgets.isEmpty, try treeGates(of: task, spends: spends).isEmpty else { return false }
        }
        guard let routing = task.definition.routing else { return true }
        return try router().program(of: routing.rule)?.pool == task.pool
    }

    /// Where a task goes whose own pool does not offer what it needs, if another does.
    private func pool(for task: TaskItem) throws -> String {
        // Where it would go then may have warm workers, which take no files.
        guard !task.definition.needs.isEmpty, task.definition.files == nil else { return task.pool }
        let router = try router()
        guard !router.offers(task.pool, task.definition.needs) else { return task.pool }
        // Of which groups its submitter is a member is not kept: a pool must be open to everybody, or name them.
        let submitter = Submitter(
            requester: Requester(uid: task.definition.submitter, isAdministrator: false), rights: try rights(of: task))
        return router.pool(offering: task.definition.needs, toPrompts: agent(of: task) != nil, for: submitter) ?? task.pool
    }
}
