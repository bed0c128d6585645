/// What a task waits for at its door.
public enum WaitCause: Sendable, Equatable {
    /// The end of tasks that it has started.
    case tasks
    /// What a person will say.
    case answer
}

/// The tasks that wait at their doors, while they do. It is in no row: after a restart of the engine their clients say it again.
struct Waiting: Sendable {
    struct Waiter: Sendable {
        let task: Int64
        let root: Int64
        let pool: String
        /// The number of its attempt.
        let attempt: Int
        /// Who has waited for longer comes first.
        let since: Int
        var lane: String
        /// How many of its requests wait.
        fileprivate(set) var forTasks = 0
        fileprivate(set) var forAnswers = 0

        /// Who waits for both gets an answer in the end, but perhaps no child without its place.
        var cause: WaitCause? { forTasks > 0 ? .tasks : forAnswers > 0 ? .answer : nil }
    }

    private(set) var waiters: [Int64: Waiter] = [:]
    private var next = 0

    var isEmpty: Bool { waiters.isEmpty }

    func cause(of task: Int64) -> WaitCause? { waiters.isEmpty ? nil : waiters[task]?.cause }

    /// In the order in which they began.
    var inOrder: [Waiter] { waiters.values.sorted { $0.since < $1.since } }

    /// - Parameter change: how many of its requests wait more than before.
    mutating func change(_ task: TaskItem, attempt: Attempt, _ cause: WaitCause, by change: Int) {
        var waiter =
            waiters[task.id]
            ?? Waiter(
                task: task.id, root: task.root, pool: attempt.pool, attempt: attempt.number, since: next, lane: task.lane)
        next += 1
        switch cause {
        case .tasks: waiter.forTasks = max(0, waiter.forTasks + change)
        case .answer: waiter.forAnswers = max(0, waiter.forAnswers + change)
        }
        waiters[task.id] = waiter.cause == nil ? nil : waiter
    }

    mutating func move(_ task: TaskItem) { waiters[task.id]?.lane = task.lane }

    /// Its attempt has ended.
    mutating func forget(_ task: Int64) { if !waiters.isEmpty { waiters[task] = nil } }
}

/// For how long an attempt has waited at its door, as far as its timeouts are concerned: that is kept, for they outlive the engine. All
/// times are milliseconds of the monotonic clock.
public struct Waits: Sendable, Equatable, Codable {
    /// Whether it waited when this was written.
    public var isWaiting = false
    /// Since when it waits for an answer, during which its timeout does not run.
    public var since: Int64?
    /// How long it has done so before, in all.
    public var total: Int64 = 0
    /// When it last went on.
    public var ended: Int64?

    public init() {}

    mutating func begin(_ cause: WaitCause, at now: Int64) {
        settle(at: now)
        isWaiting = true
        since = cause == .answer ? now : nil
    }

    mutating func end(at now: Int64) {
        settle(at: now)
        (isWaiting, ended) = (false, now)
    }

    /// Adds what has passed until now.
    mutating func settle(at now: Int64) {
        if let since { total += max(0, now - since) }
        since = nil
    }
}
