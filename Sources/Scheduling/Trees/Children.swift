import OrchProtocol

/// Who submits, and below which task.
struct Submitter {
    var requester: Requester
    /// The task whose door it came through.
    var parent: TaskItem?
    /// What its children may be.
    var rights: SpawnRights?

    /// Whose the task is: that of its parent, where it has one.
    var uid: UInt32 { parent?.definition.submitter ?? requester.uid }

    var subject: String? {
        if let parent { return parent.definition.subject }
        if case .subject(_, let name) = requester.principal { return name }
        return nil
    }

    /// How much a task may matter, and does where nobody says.
    func priority(_ chosen: Int?) -> Int {
        guard let parent else { return chosen ?? 0 }
        return min(chosen ?? parent.priority, parent.priority)
    }
}

/// What a task submits through its door: it is that task's child, and runs for whom its parent runs.
extension Turn {
    /// - Throws: ``WireError`` where a task asks that is over, or that somebody ends.
    func submitter(_ requester: Requester) throws -> Submitter {
        guard let id = requester.principal.task else { return Submitter(requester: requester) }
        guard let parent = try store.task(id), let attempt = try liveAttempt(of: parent), !attempt.isOrdered,
            attempt.number == requester.attempt
        else {
            throw WireError(
                .invalidState, "attempt \(requester.attempt) of task \(id) has ended, so it starts no more tasks")
        }
        guard attempt.stopping == nil else {
            throw WireError(.invalidState, "task \(id) is being stopped, so it starts no more tasks")
        }
        return Submitter(requester: requester, parent: parent, rights: try rights(below: parent))
    }

    /// What may be below a task, by the configuration that is in force.
    func rights(below parent: TaskItem) throws -> SpawnRights {
        var ancestors = [parent]
        // A parent has a lower id than its child, so this ends, whatever the rows say.
        while let task = ancestors.last, task.isChild, task.ancestry.parent < task.id,
            let above = try store.task(task.ancestry.parent)
        {
            ancestors.append(above)
        }
        return SpawnRights(ancestors, pools: state.settings)
    }

    /// What a task may be that others have started; nil for a task that stands alone.
    func rights(of task: TaskItem) throws -> SpawnRights? {
        guard task.isChild else { return nil }
        guard let parent = try store.task(task.ancestry.parent) else { return SpawnRights([], pools: [:]) }
        return try rights(below: parent)
    }

    /// Checks the limits of trees, for a number of tasks more.
    func checkTree(of submitter: Submitter, more: Int) throws {
        guard more > 0, let parent = submitter.parent, let rights = submitter.rights else { return }
        if let complaint = rights.complaint(aboutDepth: parent.ancestry.depth + 1) {
            throw WireError(.forbidden, complaint)
        }
        let complaint = try rights.complaint(aboutChildren: more) { try store.counts(below: $0).made }
        if let complaint { throw WireError(.forbidden, complaint) }
    }

    /// What a task submits runs no earlier than others of its parent's.
    static func checkPriority(_ given: Int?, below parent: TaskItem?, _ path: String?) throws(WireError) {
        guard let given, let parent, given > parent.priority else { return }
        throw WireError(
            field: SpecRules.field("priority", path),
            "must be at most \(parent.priority), as task \(parent.id) has, which submits it, not \(given)")
    }

    /// Whether somebody may do to a task what they ask for. A task may, to those below it.
    func mayChange(_ task: TaskItem, by requester: Requester) throws -> Bool {
        if let id = requester.principal.task { return try isDescendant(task, of: id) }
        return requester.reachesOthers || requester.owns(task)
    }

    /// Whether a task is below another.
    func isDescendant(_ task: TaskItem, of id: Int64) throws -> Bool {
        var task = task
        while task.isChild, task.ancestry.parent < task.id {
            if task.ancestry.parent == id { return true }
            guard let parent = try store.task(task.ancestry.parent) else { return false }
            task = parent
        }
        return false
    }
}
