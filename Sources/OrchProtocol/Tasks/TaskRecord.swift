import FoundationEssentials

/// The life of a task. The last four are final.
public struct TaskState: OpenEnum {
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
public struct WaitReason: OpenEnum {
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

/// Why a running task is being ended.
public struct StopReason: OpenEnum {
    public static let cancelled = Self("cancelled")
    public static let runTimeout = Self("run_timeout")
    public static let idleTimeout = Self("idle_timeout")
    public static let outputLimit = Self("output_limit")
    /// The daemon was told to stop without waiting.
    public static let shutdown = Self("shutdown")
    /// It has its whole result, and did not end by itself.
    public static let finished = Self("finished")
    public static let overBudget = Self("over_budget")

    public static let allCases: [Self] = [
        .cancelled, .runTimeout, .idleTimeout, .outputLimit, .shutdown, .finished, .overBudget,
    ]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// What tasks can be selected by: a state, which covers everything that a task in it may wait for or do, or a narrower word, which is
/// what lists show.
public struct StateFilter: OpenEnum {
    public static let queued = Self("queued")
    public static let running = Self("running")
    public static let succeeded = Self("succeeded")
    public static let failed = Self("failed")
    public static let cancelled = Self("cancelled")
    public static let expired = Self("expired")
    /// Queued, and nothing but a free slot is missing.
    public static let ready = Self("ready")
    public static let delayed = Self("delayed")
    public static let held = Self("held")
    public static let blocked = Self("blocked")
    public static let limited = Self("limited")
    /// Queued in a paused pool, or running and standing still.
    public static let paused = Self("paused")
    /// The program of a rule is asked, or is to be, where it goes.
    public static let routing = Self("routing")
    /// Being ended, and not gone yet.
    public static let stopping = Self("stopping")

    public static let allCases: [Self] = [
        .queued, .running, .succeeded, .failed, .cancelled, .expired, .ready, .delayed, .held, .blocked, .limited, .paused,
        .routing, .stopping,
    ]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ state: TaskState) { rawValue = state.rawValue }
    public init(_ reason: WaitReason) { rawValue = reason.rawValue }
}

/// A task as `task.get` and `task.list` answer it.
public struct TaskRecord: Codable, Sendable, Equatable {
    public var id: Int64
    public var state: TaskState
    /// For a queued task.
    public var waiting: WaitReason?
    /// For one that is being ended: why. Its state changes when its last process is gone.
    public var stopping: StopReason?
    /// A sentence: why it waits, or how it ended.
    public var reason: String?
    public var pool: String
    public var name: String?
    /// In `task.wait` no more than the first 4096 bytes of the command, or characters of the prompt.
    public var command: [String]?
    /// The same in base64, where an argument is not UTF-8.
    public var commandBytes: [Data]?
    public var prompt: String?
    public var labels: [String: String]?
    public var priority: Int
    public var submitter: UInt32
    public var submittedAt: Timestamp
    /// When it may start, where it may not yet.
    public var dueAt: Timestamp?
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    public var key: String?
    public var cwd: String?
    /// The same in base64, where it is not UTF-8.
    public var cwdBytes: Data?
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
    public var expires: Timestamp?
    /// How many attempts have been made. One that has only been ordered from the supervisor is none.
    public var attemptCount: Int
    /// In `task.get`: each attempt, oldest first. In `task.list`: only the latest.
    public var attempts: [AttemptRecord]
    /// In `task.get` with `result`: what the task produced.
    public var result: TaskResult?
    /// Nothing of it has started, and the supervisor has its order. For the engine alone: it is not in the record that clients get.
    package var isOrdered = false

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case id, state, waiting, stopping, reason, pool, name, command, prompt, labels, priority, submitter, key, cwd, model
        case thinking, route, routing, needs, resources, gates, timeout, retries, expires, attempts, result
        case submittedAt = "submitted_at"
        case dueAt = "due_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case idleTimeout = "idle_timeout"
        case retryOn = "retry_on"
        case attemptCount = "attempt_count"
        case resultSchema = "result_schema"
        case commandBytes = "command_bytes"
        case cwdBytes = "cwd_bytes"
    }

    public init(id: Int64, state: TaskState, pool: String, priority: Int, submitter: UInt32, submittedAt: Timestamp) {
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

    /// The one word for where it stands, as lists show it: its state, or what says more.
    public var standing: StateFilter {
        if state.isFinal { return StateFilter(state) }
        if stopping != nil { return .stopping }
        if routing != nil, waiting ?? .ready == .ready { return .routing }
        if state == .running { return attempts.last?.pausedSince == nil ? .running : .paused }
        guard let waiting, waiting != .ready else { return StateFilter(state) }
        return StateFilter(waiting)
    }

    /// Whether a word selects it.
    public func matches(_ filter: StateFilter) -> Bool {
        filter == standing || filter == StateFilter(state) || (state == .queued && waiting.map(StateFilter.init) == filter)
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
