import OrchProtocol

/// What is done to a task reaches the tasks below it: to keep it from running, or to let it run again. (An end reaches them by
/// ``Turn/endTrees()``.) Detached tasks are on their own.
extension Turn {
    typealias Selected = (task: TaskItem, attempt: Attempt?)

    /// The unfinished tasks below some, each with its attempt.
    ///
    /// - Throws: ``WireError`` where one request would change more than may be named in one.
    func below(_ tasks: [Selected]) throws -> [Selected] {
        var known = Set(tasks.map(\.task.id))
        var found: [Selected] = []
        for (task, _) in tasks {
            var waiting = try hasBelow(task) ? [task.id] : []
            while let id = waiting.popLast() {
                let children = try store.unfinishedChildren(of: id, after: 0, limit: ValueRule.mostIDs + 1)
                for child in children where !child.ancestry.isDetached && known.insert(child.id).inserted {
                    found.append((child, try liveAttempt(of: child)))
                    if try hasBelow(child) { waiting.append(child.id) }
                }
                guard tasks.count + found.count <= ValueRule.mostIDs else {
                    throw WireError(
                        .invalidState,
                        """
                        more than \(ValueRule.mostIDs) tasks are below task \(task.id), and one request changes no more; change those \
                        first that `orchctl list --parent \(task.id)` lists
                        """)
                }
            }
        }
        return found
    }

    private func hasBelow(_ task: TaskItem) throws -> Bool { try store.counts(below: task.id).unfinished > 0 }

    /// The tasks of a selection, and those below them, that can be held and released. One that runs may be named for what waits below it.
    ///
    /// - Parameter rule: the sentence for a task for which that cannot be.
    func selectQueued(_ selection: TaskSelection, by requester: Requester, _ rule: String) throws -> [Selected] {
        let all = try selectLive(selection, by: requester)
        let queuedBelow = try below(all).filter { $0.task.isHoldable($0.attempt) }
        let named = try fitting(all, selection) { task, attempt in
            if !queuedBelow.isEmpty, task.isRunning(attempt) { return }
            try requireQueued(task, attempt, rule)
        }
        return named.filter { $0.task.isHoldable($0.attempt) } + queuedBelow
    }
}

extension TaskItem {
    /// Whether it is queued, or only ordered ahead of a slot.
    func isHoldable(_ attempt: Attempt?) -> Bool {
        phase.isQueued || (attempt.map { $0.isOrdered && $0.stopping == nil && !$0.isRouting } ?? false)
    }

    /// Whether it can be held, or stopped where it is.
    func isPausable(_ attempt: Attempt?) -> Bool {
        guard let attempt, !attempt.isOrdered, !attempt.isRouting else { return isHoldable(attempt) }
        return attempt.standing.map { $0.step(on: .pause) != .refused } ?? false
    }

    /// Whether an attempt of it has started.
    func isRunning(_ attempt: Attempt?) -> Bool { phase == .active && attempt.map { !$0.isOrdered } ?? false }
}
