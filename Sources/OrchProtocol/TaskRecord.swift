/// The life of a task. The last four are final.
public struct TaskState: OpenWord {
    public static let queued = Self("queued")
    public static let running = Self("running")
    public static let succeeded = Self("succeeded")
    public static let failed = Self("failed")
    public static let cancelled = Self("cancelled")
    public static let expired = Self("expired")

    public static let allCases: [Self] = [.queued, .running, .succeeded, .failed, .cancelled, .expired]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public var isFinal: Bool { self != .queued && self != .running }
}

/// Why a queued task is not running yet.
public struct WaitReason: OpenWord {
    /// Nothing but a free slot is missing.
    public static let ready = Self("ready")
    /// Its time has not come: `not_before`, or the wait before a retry.
    public static let delayed = Self("delayed")
    /// No pool can run it.
    public static let blocked = Self("blocked")
    /// Kept by `hold` until `release`.
    public static let held = Self("held")
    /// Its pool is paused or draining, or the daemon drains.
    public static let paused = Self("paused")
    /// A usage or rate limit is in force.
    public static let limited = Self("limited")

    public static let allCases: [Self] = [.ready, .delayed, .blocked, .held, .paused, .limited]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A task as `task.get` and `task.list` answer it.
public struct TaskRecord: Codable, Sendable, Equatable {
    public var id: Int64
    public var state: TaskState
    /// For a queued task.
    public var waiting: WaitReason?
    /// A sentence: why it waits, or how it ended.
    public var reason: String?
    public var pool: String
    public var name: String?
    /// In `task.wait` no more than the first 4096 bytes of the command, or characters of the prompt.
    public var command: [String]?
    public var prompt: String?
    public var labels: [String: String]?
    public var priority: Int
    public var submitter: UInt32
    public var submittedAt: WireTime
    /// When it may start, for a delayed one.
    public var dueAt: WireTime?
    public var startedAt: WireTime?
    public var finishedAt: WireTime?
    public var key: String?
    public var cwd: String?
    public var model: String?
    public var thinking: String?
    /// The rule that chose what its submitter left open.
    public var route: String?
    /// The rule whose program is being asked, or is to be; meanwhile `pool` is the one that runs the program.
    public var routing: String?
    /// Capabilities that its pool or worker must offer.
    public var needs: [String]?
    /// The JSON Schema that its result must satisfy; only in `task.get`.
    public var resultSchema: JSONValue?
    /// What its submitter has limited each attempt to.
    public var resources: ResourceLimits?
    /// The gates that it has to pass, or has passed: `agent:claude/anthropic`, `limit:gpu`.
    public var gates: [String]?
    public var timeout: Double?
    public var idleTimeout: Double?
    public var retries: Int
    public var retryOn: [RetryCause]
    public var expires: WireTime?
    /// How many attempts have been made.
    public var attemptCount: Int
    /// In `task.get`: each attempt, oldest first. In `task.list`: only the latest.
    public var attempts: [AttemptRecord]
    /// In `task.get` with `result`: what the task produced.
    public var result: TaskResult?

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case id, state, waiting, reason, pool, name, command, prompt, labels, priority, submitter, key, cwd, model
        case thinking, route, routing, needs, resources, gates, timeout, retries, expires, attempts, result
        case submittedAt = "submitted_at"
        case dueAt = "due_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case idleTimeout = "idle_timeout"
        case retryOn = "retry_on"
        case attemptCount = "attempt_count"
        case resultSchema = "result_schema"
    }

    public init(id: Int64, state: TaskState, pool: String, priority: Int, submitter: UInt32, submittedAt: WireTime) {
        self.id = id
        self.state = state
        self.pool = pool
        self.priority = priority
        self.submitter = submitter
        self.submittedAt = submittedAt
        retries = 0
        retryOn = []
        attemptCount = 0
        attempts = []
    }
}

public struct TaskResult: Codable, Sendable, Equatable {
    /// The text, up to 1 MiB; bytes that are no UTF-8 are replaced. `orchctl logs` has them as they are.
    public var text: String
    public var truncated: Bool

    public init(text: String, truncated: Bool) {
        self.text = text
        self.truncated = truncated
    }
}
