/// Where a task stands among those that were submitted by tasks.
public struct Ancestry: Sendable, Equatable {
    /// The task that submitted it; 0 where no task did.
    public var parent: Int64 = 0
    /// The task at the top of its tree; 0 where no task submitted it, so that it is the top itself.
    public var root: Int64 = 0
    /// How many tasks are above it.
    public var depth = 0
    /// The number of the attempt of its parent that asked for it last.
    public var attempt = 0
    /// Whether it continues when its parent has ended.
    public var isDetached = false
    /// What its own children have done for its attempts up to this one is forgotten: their keys find nothing any more.
    public var forgottenSteps = 0

    public init() {}

    /// Of a task that an attempt of another one submits.
    init(below parent: TaskItem, attempt: Int) {
        self.parent = parent.id
        root = parent.root
        depth = parent.ancestry.depth + 1
        self.attempt = attempt
    }
}

extension TaskItem {
    /// Whether a task has submitted it.
    public var isChild: Bool { ancestry.parent > 0 }
    /// The task at the top of its tree, which it may be itself.
    public var root: Int64 { isChild ? ancestry.root : id }
}

/// The sums of all that is below a task.
public struct TreeCounts: Sendable, Equatable {
    /// How many tasks have ever been made.
    public var made: Int
    /// How many of them are not final.
    public var unfinished: Int
    /// What their attempts have used.
    public var spending: Spending

    public init(made: Int = 0, unfinished: Int = 0, spending: Spending = Spending()) {
        self.made = made
        self.unfinished = unfinished
        self.spending = spending
    }
}
