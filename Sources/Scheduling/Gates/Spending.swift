import OrchProtocol

/// Budgets are gates that close when they are spent. What a task spends of one of its own closes a gate for itself alone.
extension Turn {
    /// Counts what an attempt has used, which is in the store already, against the budgets of its task.
    ///
    /// - Parameter known: what it had used when it was last counted.
    mutating func count(_ attempt: Attempt, beyond known: Usage?, on task: TaskItem) throws {
        if known == nil {
            let facts = facts(of: task, attempt.agent ?? agent(of: task))
            try store.attribute(attempt.id, toModel: facts.model)
        }
        if task.isChild {
            try store.spend(Spending(attempt.usage), insteadOf: Spending(known), below: task.ancestry.parent)
        }
        guard !state.rules.budgets.isEmpty, !task.lane.isEmpty else { return }
        let gates = GateName.names(in: task.lane)
        for budget in state.rules.budgets where gates.contains(Substring(GateName.budget(budget.name))) {
            guard budget.isShared else {
                try endIfSpent(budget, attempt, of: task)
                continue
            }
            let period = budget.period(on: now.day)
            var spending = try store.spending(of: budget.name, in: period)
            spending.add(Spending(attempt.usage), insteadOf: Spending(known))
            try store.save(spending, of: budget.name, in: period)
            try judge(budget, spending)
        }
    }

    /// Opens and closes the gates of all budgets: by rules that may be new, on a day that may be another.
    mutating func checkBudgets() throws {
        let shared = state.rules.budgets.filter(\.isShared)
        let names = Set(shared.map { GateName.budget($0.name) })
        for gate in store.gates.values.sorted(by: { $0.name < $1.name })
        where gate.name.hasPrefix(GateName.budgetPrefix) && !names.contains(gate.name) {
            try openGate(gate, forgetting: true, why: "the budget is no longer in the configuration")
        }
        for budget in shared {
            try judge(budget, store.spending(of: budget.name, in: budget.period(on: now.day)))
        }
    }

    private mutating func judge(_ budget: Budget, _ spending: Spending) throws {
        let name = GateName.budget(budget.name)
        let gate = store.gates[name]
        guard let verdict = budget.verdict(on: spending) else {
            if let gate { try openGate(gate, forgetting: true, why: "the budget is not spent") }
            return
        }
        // Before the gate closes, which takes back what has not started.
        if budget.isHard { try endTasks(behind: name, because: verdict) }
        let until = budget.period == .day ? now.day.end : Gate.never
        guard var gate else {
            try closeGate(name, until: until, reason: verdict)
            return
        }
        guard gate.reason != verdict || gate.until != until else { return }
        (gate.reason, gate.until) = (verdict, until)
        try store.save(gate)
    }

    private mutating func endTasks(behind gate: String, because verdict: String) throws {
        for attempt in try store.liveAttempts() where attempt.isSpending {
            guard let lane = try store.task(attempt.task)?.lane, GateName.names(in: lane).contains(Substring(gate))
            else { continue }
            try stop(attempt.id, because: .budget, reason: verdict)
        }
    }

    // MARK: Of a task of its own

    /// Ends tasks that still run although a hard budget is spent: by rules that are new, or since it started in the meantime.
    mutating func endIfSpent(_ attempt: Attempt, of task: TaskItem) throws {
        guard !state.rules.budgets.isEmpty, !task.lane.isEmpty else { return }
        let gates = GateName.names(in: task.lane)
        for budget in state.rules.budgets where gates.contains(Substring(GateName.budget(budget.name))) {
            try endIfSpent(budget, attempt, of: task)
        }
    }

    private mutating func endIfSpent(_ budget: Budget, _ attempt: Attempt, of task: TaskItem) throws {
        guard budget.isHard, attempt.isSpending || budget.period == .tree else { return }
        guard let verdict = budget.verdict(on: try spending(of: budget, by: task)) else { return }
        guard budget.period == .tree else { return try stop(attempt.id, because: .budget, reason: verdict) }
        for other in try store.liveAttempts() where other.isSpending {
            guard try store.task(other.task)?.root == task.root else { continue }
            try stop(other.id, because: .budget, reason: verdict)
        }
    }

    /// What counts against a budget where a task is about to use more.
    private func spending(of budget: Budget, by task: TaskItem) throws -> Spending {
        switch budget.period {
        case .task: try spending(ofTask: task.id)
        case .tree: try spending(ofTree: task.root)
        case .day, .total: try store.spending(of: budget.name, in: budget.period(on: now.day))
        }
    }

    /// The budgets of its own that a task has spent, of those that its gates name, with what to say of each.
    func spentBudgets(of task: TaskItem, gates: [String]) throws -> [(name: String, verdict: String)] {
        let own = state.rules.budgets.filter { !$0.isShared && gates.contains(GateName.budget($0.name)) }
        return try own.compactMap { budget in
            // What has never run has used nothing, and has started nothing.
            let isNew = task.attempts == 0 && !(budget.period == .tree && task.isChild)
            return budget.verdict(on: isNew ? Spending() : try spending(of: budget, by: task)).map { (budget.name, $0) }
        }
    }

    func spending(ofTask id: Int64) throws -> Spending {
        try store.attempts(of: id).reduce(into: Spending()) { $0.add(Spending($1.usage)) }
    }
}

extension Attempt {
    /// Whether it may use more than it has. One whose result is there does not.
    fileprivate var isSpending: Bool { state == .running && stopping == nil && delivery?.isOver != true }
}
