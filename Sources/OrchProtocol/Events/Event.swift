/// Something that happened, with a number that grows by one from event to event and survives restarts.
public struct Event: Codable, Sendable, Equatable {
    public struct Kind: OpenEnum {
        public static let taskQueued = Self("task.queued")
        public static let taskStarted = Self("task.started")
        /// An attempt ended and the task will be tried again.
        public static let taskRetrying = Self("task.retrying")
        /// The task reached its final state.
        public static let taskFinished = Self("task.finished")
        /// The program of a rule has been started, which is asked what to choose for the task.
        public static let taskRouting = Self("task.routing")
        /// What was asked for has been chosen, by the program or without it.
        public static let taskRouted = Self("task.routed")
        public static let taskHeld = Self("task.held")
        public static let taskReleased = Self("task.released")
        public static let taskUpdated = Self("task.updated")
        /// Its processes are frozen.
        public static let taskPaused = Self("task.paused")
        public static let taskResumed = Self("task.resumed")
        /// Somebody has had tasks forgotten.
        public static let tasksRemoved = Self("tasks.removed")
        /// It asks people something.
        public static let questionAsked = Self("question.asked")
        /// Somebody has answered, or the default was taken when the time was over.
        public static let questionAnswered = Self("question.answered")
        /// Nobody has answered in time, and there was no default.
        public static let questionExpired = Self("question.expired")
        /// The attempt that had asked ended first.
        public static let questionWithdrawn = Self("question.withdrawn")
        /// A warm worker has said that it is ready for a task.
        public static let workerReady = Self("worker.ready")
        /// A warm worker has ended that had no task.
        public static let workerExited = Self("worker.exited")
        public static let poolPaused = Self("pool.paused")
        public static let poolResumed = Self("pool.resumed")
        public static let poolResized = Self("pool.resized")
        public static let poolDraining = Self("pool.draining")
        public static let daemonStarted = Self("daemon.started")
        public static let daemonDraining = Self("daemon.draining")
        public static let daemonReloaded = Self("daemon.reloaded")
        /// The queue was replaced by a backup while no daemon ran.
        public static let daemonRestored = Self("daemon.restored")
        /// Something keeps tasks from starting for a while: an agent's usage limit, a budget.
        public static let gateClosed = Self("gate.closed")
        public static let gateOpened = Self("gate.opened")
        public static let supervisorConnected = Self("supervisor.connected")
        public static let supervisorLost = Self("supervisor.lost")

        public static let allCases: [Self] = [
            .taskQueued, .taskStarted, .taskRetrying, .taskFinished, .taskRouting, .taskRouted, .taskHeld, .taskReleased,
            .taskUpdated, .taskPaused, .taskResumed, .tasksRemoved, .questionAsked, .questionAnswered, .questionExpired,
            .questionWithdrawn,
            .workerReady, .workerExited, .poolPaused, .poolResumed, .poolResized, .poolDraining, .daemonStarted,
            .daemonDraining, .daemonReloaded, .daemonRestored, .gateClosed, .gateOpened, .supervisorConnected,
            .supervisorLost,
        ]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var seq: Int64
    public var at: Timestamp
    public var kind: Kind
    public var task: Int64?
    public var attempt: Int?
    public var pool: String?
    /// The question that it is about: `42.q1`.
    public var question: String?
    /// The user whose task it is.
    public var submitter: UInt32?
    /// For whom that user, a bridge, has submitted it.
    public var subject: String?
    /// Who has asked for it, in words: of what somebody did to tasks and pools that are there.
    public var by: String?
    /// The gate's name: `agent:claude/anthropic`.
    public var gate: String?
    public var worker: String?
    public var pid: Int32?
    public var state: TaskState?
    public var outcome: Outcome?
    /// What the attempt has used.
    public var usage: Usage?
    /// In words.
    public var detail: String?

    public init(seq: Int64 = 0, at: Timestamp, kind: Kind) {
        self.seq = seq
        self.at = at
        self.kind = kind
    }
}
