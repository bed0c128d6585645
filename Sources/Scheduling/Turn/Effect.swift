import OrchProtocol

/// The answer to a ``Command``.
public enum Reply: Sendable, Equatable {
    case submitted(SubmissionResult)
    case changed(TasksChanged)
    case question(QuestionRecord)
    case done(String)
    case failed(WireError)
}

/// What must be done once the turn's transaction is on the disk, in order.
///
/// Indirect, because a list of them is moved some times, and a task in place is a kilobyte.
public indirect enum Effect: Sendable, Equatable {
    case reply(ReplyToken, Reply)
    /// Hand the attempt to the supervisor. In a turn these come in the order of the attempts' ids.
    case launch(TaskItem, Attempt, input: ByteString?)
    case revoke(attempt: Int64)
    /// `grace` is in milliseconds.
    case stop(attempt: Int64, grace: Int64)
    /// Stop its processes where they are, or let them continue.
    case freeze(attempt: Int64, Bool)
    case acknowledge(attempt: Int64)
    /// It never started, or its worker never took its task. It is no more, and another may come with its number within the task:
    /// that must find nothing of it.
    case forget(Attempt)
    case setSlots(pool: String, slots: Int)
    /// Tell when the attempt last wrote output.
    case checkOutput(Attempt)
    /// Remove the files of forgotten tasks, and the workspaces of their attempts, each in the pool that it was in.
    case discard([TaskItem], [Attempt])
    /// Remove the workspaces of tasks below one number, and of workers below another: their tasks are forgotten.
    case sweep(pools: [String], tasksBelow: Int64, workersBelow: Int64)
    /// Start a warm worker. In a turn these stand among the launches, in the order of the ids.
    case launchWorker(Worker)
    /// Give the worker with the attempt's id its task. `again` where an engine before may have done so, in part or as a whole.
    case assign(TaskItem, Attempt, input: ByteString?, again: Bool)
    /// Tell the worker to exit.
    case dismiss(worker: Int64)
    /// What the worker said is in the store: this number of bytes need not be kept for a later engine.
    case received(worker: Int64, bytes: Int)
    /// The worker is gone and had no task: remove what it leaves.
    case discardWorker(Worker)
    /// Take this as an input of the next turn.
    case again(Input)
    /// Already numbered and stored.
    case publish([Event])

    /// The attempt or worker whose process it starts.
    var launched: Int64? {
        switch self {
        case .launch(_, let attempt, _): attempt.id
        case .launchWorker(let worker): worker.id
        default: nil
        }
    }
}

/// Something was in an impossible state, and was set aside. The status of the daemon shows it.
public struct Problem: Sendable, Equatable {
    /// In words.
    public var text: String
    /// Whether the program is to blame, and not a damaged row.
    public var isFault: Bool
}

/// What a turn has decided.
public struct TurnResult: Sendable, Equatable {
    public var effects: [Effect] = []
    /// When the next turn is due even if nothing happens, on the two clocks; the earlier one counts.
    public var nextWall: Int64?
    public var nextMonotonic: Int64?
    /// What was set aside in this turn.
    public var problems: [Problem] = []

    public init() {}
}
