import OrchProtocol

/// Budgets are gates that close when they are spent. What a task spends of one of its own closes a gate for itself alone.
extension Scheduler {
    /// Counts what an attempt has used, which is in the store already, against the budgets of its task.
    ///
    /// - Parameter known: what it had used when it was last counted.
    func count(
        _ attempt: Attempt, beyond known: Usage?, on task: TaskItem, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        if known == nil {
            let facts = facts(of: task, attempt.agent ?? agent(of: task))
            try work.store.attribute(attempt.id, toModel: facts.model)
        }
        guard !rules.budgets.isEmpty, !task.lane.isEmpty else { return }
        let gates = GateName.names(in: task.lane)
        for budget in rules.budgets where gates.contains(Substring(GateName.budget(budget.name))) {
            guard budget.period != .task else {
                try endIfSpent(budget, attempt, &work)
                continue
            }
            let period = budget.period(on: work.now.day)
            var spending = try work.store.spending(of: budget.name, in: period)
            spending.add(Spending(attempt.usage), insteadOf: Spending(known))
            try work.store.save(spending, of: budget.name, in: period)
            try judge(budget, spending, &work)
        }
    }

    /// Opens and closes the gates of all budgets: by rules that may be new, on a day that may be another.
    func checkBudgets(_ work: inout TurnWork<some TaskTransaction>) throws {
        let shared = rules.budgets.filter { $0.period != .task }
        let names = Set(shared.map { GateName.budget($0.name) })
        for gate in work.store.gates.values.sorted(by: { $0.name < $1.name })
        where gate.name.hasPrefix(GateName.budgetPrefix) && !names.contains(gate.name) {
            try openGate(gate, forgetting: true, why: "the budget is no longer in the configuration", &work)
        }
        for budget in shared {
            try judge(budget, work.store.spending(of: budget.name, in: budget.period(on: work.now.day)), &work)
        }
    }

    private func judge(
        _ budget: Budget, _ spending: Spending, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        let name = GateName.budget(budget.name)
        let gate = work.store.gates[name]
        guard let verdict = budget.verdict(on: spending) else {
            if let gate { try openGate(gate, forgetting: true, why: "the budget is not spent", &work) }
            return
        }
        // Before the gate closes, which takes back what has not started.
        if budget.isHard { try endTasks(behind: name, because: verdict, &work) }
        let until = budget.period == .day ? work.now.day.end : Gate.never
        guard var gate else {
            try closeGate(name, until: until, reason: verdict, &work)
            return
        }
        guard gate.reason != verdict || gate.until != until else { return }
        (gate.reason, gate.until) = (verdict, until)
        try work.store.save(gate)
    }

    private func endTasks(
        behind gate: String, because verdict: String, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        for attempt in try work.store.liveAttempts() where attempt.isSpending {
            guard let lane = try work.store.task(attempt.task)?.lane, GateName.names(in: lane).contains(Substring(gate))
            else { continue }
            try stop(attempt.id, because: .budget, reason: verdict, &work)
        }
    }

    // MARK: Of a task of its own

    /// Ends what goes on although a hard budget is spent: by rules that are new, or since it started in the meantime.
    func endIfSpent(_ attempt: Attempt, of task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard !rules.budgets.isEmpty, !task.lane.isEmpty else { return }
        let gates = GateName.names(in: task.lane)
        for budget in rules.budgets where gates.contains(Substring(GateName.budget(budget.name))) {
            try endIfSpent(budget, attempt, &work)
        }
    }

    private func endIfSpent(
        _ budget: Budget, _ attempt: Attempt, _ work: inout TurnWork<some TaskTransaction>
    ) throws {
        guard budget.isHard, attempt.isSpending else { return }
        let spending =
            budget.period == .task
            ? try spending(ofTask: attempt.task, in: work.store)
            : try work.store.spending(of: budget.name, in: budget.period(on: work.now.day))
        guard let verdict = budget.verdict(on: spending) else { return }
        try stop(attempt.id, because: .budget, reason: verdict, &work)
    }

    /// The budgets of its own that a task has spent, of those that its gates name, with what to say of each.
    func spentBudgets(
        of task: TaskItem, gates: [String], in store: some TaskTransaction
    ) throws -> [(name: String, verdict: String)] {
        let own = rules.budgets.filter { $0.period == .task && gates.contains(GateName.budget($0.name)) }
        guard !own.isEmpty else { return [] }
        let spending = task.attempts == 0 ? Spending() : try spending(ofTask: task.id, in: store)
        return own.compactMap { budget in budget.verdict(on: spending).map { (budget.name, $0) } }
    }

    private func spending(ofTask id: Int64, in store: some TaskTransaction) throws -> Spending {
        try store.attempts(of: id).reduce(into: Spending()) { $0.add(Spending($1.usage)) }
    }
}

extension Attempt {
    /// Whether it may use more than it has. One whose result is there does not.
    fileprivate var isSpending: Bool { state == .running && stopping == nil && delivery?.isOver != true }
}
