import OrchProtocol

/// What a task that has ended leaves behind must still be cancelled. It is in the store from the commit that ends the task on, so
/// that nothing continues by itself because an engine died in between.
public struct Ending: Sendable, Equatable {
    public var task: Int64
    /// Children that a later attempt has asked for continue.
    public var attempt: Int
    /// Whether the task has ended for good. If it will be tried again, children with a key continue: the next attempt asks for them.
    public var isFinal: Bool
    /// The children up to this one have been looked at.
    public var after: Int64

    public init(task: Int64, attempt: Int, isFinal: Bool, after: Int64 = 0) {
        self.task = task
        self.attempt = attempt
        self.isFinal = isFinal
        self.after = after
    }

    func reaches(_ child: TaskItem) -> Bool {
        !child.ancestry.isDetached && child.ancestry.attempt <= attempt && (isFinal || !child.hasChosenKey)
    }
}

extension TaskItem {
    /// Whether it has a key by which another attempt of its parent can ask for it.
    var hasChosenKey: Bool { definition.options.key.map { !GeneratedKey.matches($0) } ?? false }
}

/// Tasks that were submitted by tasks do not outlive these.
extension Turn {
    /// Notes that the children of an attempt must be cancelled, if there are any.
    mutating func endTree(of attempt: Attempt, isFinal: Bool) throws {
        try endTree(below: attempt.task, upTo: attempt.number, isFinal: isFinal)
    }

    mutating func endTree(below id: Int64, upTo attempt: Int, isFinal: Bool) throws {
        guard try store.counts(below: id).unfinished > 0 else { return }
        try store.save(Ending(task: id, attempt: attempt, isFinal: isFinal))
    }

    /// Cancels what is left of trees, some thousands of tasks a turn.
    mutating func endTrees() throws {
        var room = SchedulerState.stride
        while room > 0, var ending = try store.nextEnding() {
            let children = try store.unfinishedChildren(of: ending.task, after: ending.after, limit: room)
            for child in children where ending.reaches(child) {
                let reason = "cancelled by the end of task \(ending.task), its parent"
                _ = try cancel(child, attemptReason: reason, reason: reason)
            }
            if let last = children.last, children.count == room {
                ending.after = last.id
                try store.save(ending)
            } else {
                try store.removeEnding(of: ending.task)
            }
            room -= max(1, children.count)
        }
        if room <= 0 { isUnfinished = true }
    }

    /// Whether nobody waits for a task any more: those that are tried again by themselves end instead.
    func isLeftBehind(_ task: TaskItem) throws -> Bool {
        guard task.isChild, !task.ancestry.isDetached, let parent = try store.task(task.ancestry.parent) else { return false }
        if parent.phase.isFinal { return true }
        guard !task.hasChosenKey else { return false }
        return try task.ancestry.attempt < parent.attempts || liveAttempt(of: parent) == nil
    }
}
