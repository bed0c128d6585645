/// Something that happened, with a number that grows by one from event to event and survives restarts.
public struct Event: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case taskQueued = "task.queued"
        case taskStarted = "task.started"
        /// An attempt ended and the task will be tried again.
        case taskRetrying = "task.retrying"
        /// The task reached its final state.
        case taskFinished = "task.finished"
        case taskHeld = "task.held"
        case taskReleased = "task.released"
        case taskUpdated = "task.updated"
        case poolPaused = "pool.paused"
        case poolResumed = "pool.resumed"
        case poolResized = "pool.resized"
        case poolDraining = "pool.draining"
        case daemonStarted = "daemon.started"
        case daemonDraining = "daemon.draining"
        case daemonReloaded = "daemon.reloaded"
        case supervisorConnected = "supervisor.connected"
        case supervisorLost = "supervisor.lost"
    }

    public var seq: Int64
    public var at: WireTime
    public var kind: Kind
    public var task: Int64?
    public var attempt: Int?
    public var pool: String?
    public var worker: String?
    public var pid: Int32?
    public var state: TaskState?
    public var outcome: Outcome?
    /// In words.
    public var detail: String?

    public init(seq: Int64 = 0, at: WireTime, kind: Kind) {
        self.seq = seq
        self.at = at
        self.kind = kind
    }
}
