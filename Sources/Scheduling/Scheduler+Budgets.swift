import OrchProtocol

/// Budgets are gates that close when they are spent.
extension Scheduler {
    /// Counts what an attempt has used for the budgets of its task.
    mutating func spend(_ usage: Usage, on task: TaskItem, _ work: inout TurnWork<some TaskTransaction>) throws {
        guard !rules.budgets.isEmpty, !task.lane.isEmpty else { return }
        let gates = Set(GateName.names(in: task.lane).map(String.init))
        for budget in rules.budgets where gates.contains(GateName.budget(budget.name)) {
            var spending = try spending(of: budget, &work)
            spending.add(usage)
            try work.store.save(spending)
            guard let verdict = budget.verdict(on: spending) else { continue }
            try closeGate(GateName.budget(budget.name), until: spending.until, reason: verdict, &work)
        }
    }

    /// Opens and closes the gates of budgets by rules that may be new.
    mutating func checkBudgets(_ work: inout TurnWork<some TaskTransaction>) throws {
        let budgets = Dictionary(rules.budgets.map { (GateName.budget($0.name), $0) }, uniquingKeysWith: { $1 })
        for gate in work.store.gates.values.sorted(by: { $0.name < $1.name })
        where gate.name.hasPrefix(GateName.budgetPrefix) && budgets[gate.name] == nil {
            try openGate(gate, forgetting: true, why: "the budget is no longer in the configuration", &work)
        }
        for (name, budget) in budgets.sorted(by: { $0.key < $1.key }) {
            let spending = try spending(of: budget, &work)
            let gate = work.store.gates[name]
            switch (gate, budget.verdict(on: spending)) {
            case (nil, let verdict?): try closeGate(name, until: spending.until, reason: verdict, &work)
            case (var gate?, let verdict?) where gate.reason != verdict || gate.until != spending.until:
                (gate.reason, gate.until) = (verdict, spending.until)
                try work.store.save(gate)
            case (let gate?, nil): try openGate(gate, forgetting: true, why: "the budget is not spent", &work)
            default: break
            }
        }
    }

    /// What has been spent in the period that is now.
    private func spending(of budget: Budget, _ work: inout TurnWork<some TaskTransaction>) throws -> Spending {
        let period = budget.period.rawValue
        if let known = try work.store.spending(of: budget.name, per: period), work.now.wall < known.until { return known }
        return Spending(
            budget: budget.name, period: period, until: budget.period == .day ? work.now.midnight : Gate.never)
    }
}
