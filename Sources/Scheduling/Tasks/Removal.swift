import OrchProtocol

/// Forgetting tasks that have ended. What they have used stays among the sums of days, and their keys for a day.
extension Turn {
    /// How many tasks one turn forgets. Small, since each also costs the removal of files.
    static var retireStride: Int { 200 }

    /// Forgets final tasks, and all that they leave. A tree goes as a whole.
    mutating func forget(_ tasks: [TaskItem]) throws {
        guard !tasks.isEmpty else { return }
        assert(tasks.allSatisfy(\.phase.isFinal), "a task that is not final is forgotten")
        let attempts = try tasks.flatMap { try store.attempts(of: $0.id) }
        let spenders = Set(attempts.lazy.filter { $0.usage != nil }.map(\.task))
        for task in tasks where spenders.contains(task.id) { try store.keepUsage(of: task.id) }
        for task in tasks { try keepKey(of: task) }
        try store.remove(tasks)
        effects.append(.discard(tasks, attempts))
    }

    /// Forgets the tasks that somebody names, each with all below it.
    mutating func remove(_ selection: TaskSelection, by requester: Requester) throws -> Answer {
        let tasks = try fitting(select(selection, by: requester), selection) { task in
            if let obstacle = try obstacle(to: task) { throw obstacle }
        }
        return try removeMore(tasks.map(\.id), done: TasksChanged(tasks: []))
    }

    /// Forgets a stride of tasks that were found fit for it.
    mutating func removeMore(_ ids: [Int64], done: TasksChanged) throws -> Answer {
        var (rest, done, room) = (ids[...], done, Self.retireStride)
        while room > 0, let id = rest.first {
            // Meanwhile it may have been retried, or it has become too old.
            guard let task = try store.task(id), try obstacle(to: task) == nil else {
                rest.removeFirst()
                continue
            }
            let tasks = try store.trees(of: [task], limit: room)
            try forget(tasks)
            room -= tasks.count
            done.count += tasks.count
            guard tasks.last?.id == id else { break }
            done.tasks.append(.init(id: id, state: task.phase.state(isOrdered: false)))
            rest.removeFirst()
        }
        guard rest.isEmpty else { return .afterRest(.remove(Array(rest), done: done)) }
        if done.count > 0 { event(.tasksRemoved) { $0.detail = "\(done.count) task\(done.count == 1 ? "" : "s")" } }
        return .now(.changed(done))
    }

    /// Why a task may not be forgotten.
    private func obstacle(to task: TaskItem) throws -> WireError? {
        guard task.phase.isFinal else {
            let standing = task.standing(try liveAttempt(of: task))
            return WireError(.invalidState, "task \(task.id) \(standing); only a task that has ended can be removed")
        }
        guard !task.isChild else {
            return WireError(
                .invalidState, "task \(task.id) belongs to the tree of task \(task.root), and is removed with that task only")
        }
        let unfinished = try store.counts(below: task.id).unfinished
        guard unfinished == 0 else {
            let what = unfinished == 1 ? "1 task below it has" : "\(unfinished) tasks below it have"
            return WireError(.invalidState, "task \(task.id) cannot be removed: \(what) not ended")
        }
        return nil
    }
}
