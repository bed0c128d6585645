import OrchProtocol

/// What keeps a task from starting because of those above it. It is decided with its lane, and looked at once more when it is about to
/// start: its tree may have spent something since, and a reload that takes rights away may not have come to it yet.
extension Turn {
    /// The gates, each of them closed, with what to say of them; none for a task that may start.
    func treeGates(of task: TaskItem, spends: Bool) throws -> [(name: String, verdict: String)] {
        // While a program is asked where it goes, it stands in the pool of the program, which is the rule's affair.
        guard task.definition.routing == nil, let rights = try rights(of: task) else { return [] }
        if let complaint = rights.complaint(about: task.pool) {
            return [(GateName.rights, complaint)]
        }
        guard spends else { return [] }
        for ancestor in rights.ancestors {
            guard let most = ancestor.scope?.cost else { continue }
            let spent = try spending(ofTree: ancestor.id).cost
            if spent >= most { return [(GateName.spent("scope"), Self.verdict(ancestor.id, spent, most))] }
        }
        return []
    }

    /// The gates that bound how many run at once below each of those above a task.
    func windows(of task: TaskItem) throws -> [String] {
        guard task.definition.routing == nil, let rights = try rights(of: task) else { return [] }
        return rights.ancestors.compactMap { ancestor in
            let most = [ancestor.rules?.running, ancestor.scope?.running].compactMap(\.self).min()
            return most.map { GateName.tree(ancestor.id, most: $0) }
        }
    }

    static func verdict(_ id: Int64, _ spent: Int64, _ most: Int64) -> String {
        """
        task \(id) and those below it have spent \(MoneyText.dollars(spent)) USD of the \(MoneyText.dollars(most)) USD that its scope \
        gives them
        """
    }

    /// What a task and all below it have used.
    func spending(ofTree id: Int64) throws -> Spending {
        var sum = try store.counts(below: id).spending
        sum.add(try spending(ofTask: id))
        return sum
    }
}
