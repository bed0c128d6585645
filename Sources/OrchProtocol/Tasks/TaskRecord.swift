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
    /// The program of a rule chooses where it goes, or will choose.
    public static let routing = Self("routing")
    /// Being ended, and not gone yet.
    public static let stopping = Self("stopping")
    /// Running, and people are asked something.
    public static let asking = Self("asking")

    public static let allCases: [Self] = [
        .queued, .running, .succeeded, .failed, .cancelled, .expired, .ready, .delayed, .held, .blocked, .limited, .paused,
        .routing, .stopping, .asking,
    ]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ state: TaskState) { rawValue = state.rawValue }
    public init(_ reason: WaitReason) { rawValue = reason.rawValue }
}

/// What a record says of a task beside its options: what it runs, and what has happened to it.
public struct TaskStatus: Codable, Sendable, Equatable {
    public var id: Int64
    public var state: TaskState
    /// For a queued task.
    public var waiting: WaitReason?
    /// For one that is being ended: why. Its state changes when its last process is gone.
    public var stopping: StopReason?
    /// A sentence: why it waits, or how it ended.
    public var reason: String?
    public var pool: String
    /// In `task.wait` no more than the first 4096 bytes of the command, or characters of the prompt.
    public var command: [String]?
    /// The same in base64, where an argument is not UTF-8.
    public var commandBytes: [Data]?
    public var prompt: String?
    public var submitter: UInt32
    /// For whom its submitter, a bridge, has submitted it.
    public var subject: String?
    /// The task that has submitted it, through its door.
    public var parent: Int64?
    /// The task at the top of its tree, where it has a parent.
    public var root: Int64?
    /// How many tasks are above it.
    public var depth: Int?
    /// True where it continues when its parent has ended.
    public var detached: Bool?
    public var submittedAt: Timestamp
    /// When it may start, where it may not yet.
    public var dueAt: Timestamp?
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    public var cwd: String?
    /// The same in base64, where it is not UTF-8.
    public var cwdBytes: Data?
    /// The rule that chose what its submitter left open.
    public var route: String?
    /// The rule whose program is asked, or will be asked; meanwhile `pool` is the one that runs the program.
    public var routing: String?
    /// The JSON Schema that its result must satisfy; only in `task.get`.
    public var resultSchema: JSONValue?
    /// The files that came with it; only in `task.get`.
    public var files: [ResultFile]?
    /// The gates that it has to pass, or has passed: `agent:claude/anthropic`, `limit:gpu`.
    public var gates: [String]?
    /// What it asks people at the moment; in `task.list` the beginning of each text.
    public var questions: [QuestionRecord]?
    /// How far it says that it is.
    public var progress: TaskProgress?
    /// How many attempts have been made. An order that has not started does not count.
    public var attemptCount: Int
    /// What all its attempts together have used, as far as they tell.
    public var usage: Usage?
    /// In `task.get`: each attempt, oldest first. In `task.list`: only the latest.
    public var attempts: [AttemptRecord]
    /// In `task.get` with `result`: what the task produced.
    public var result: TaskResult?

    private enum CodingKeys: String, CodingKey {
        case id, state, waiting, stopping, reason, pool, command, prompt, submitter, subject, parent, root, depth, detached,
            cwd, route, routing, files, gates, questions, progress,
            usage, attempts, result
        case submittedAt = "submitted_at"
        case dueAt = "due_at"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case attemptCount = "attempt_count"
        case resultSchema = "result_schema"
        case commandBytes = "command_bytes"
        case cwdBytes = "cwd_bytes"
    }
}

/// A task as `task.get` and `task.list` answer it. In JSON, its options and its status are members of one object.
@dynamicMemberLookup
public struct TaskRecord: HasTaskOptions, Codable, Sendable, Equatable {
    /// As asked, with what its pool and the rules have filled in.
    public var options: TaskOptions
    public var status: TaskStatus
    /// Nothing of it has started, and the supervisor has its order. For the engine alone: it is not in the record that clients get.
    package var isOrdered = false

    public init(id: Int64, state: TaskState, pool: String, priority: Int, submitter: UInt32, submittedAt: Timestamp) {
        options = TaskOptions()
        (options.priority, options.retries, options.retryOn) = (priority, 0, [])
        status = TaskStatus(
            id: id, state: state, pool: pool, submitter: submitter, submittedAt: submittedAt, attemptCount: 0, attempts: [])
    }

    public init(from decoder: any Decoder) throws {
        status = try TaskStatus(from: decoder)
        options = TaskOptions()
        try options.read(TaskOptions.recorded, from: decoder)
        let members = try decoder.container(keyedBy: AnyKey.self)
        options.priority = try members.decode(Int.self, forKey: AnyKey(stringValue: "priority"))
        options.retries = try members.decode(Int.self, forKey: AnyKey(stringValue: "retries"))
        options.retryOn = try members.decode([RetryCause].self, forKey: AnyKey(stringValue: "retry_on"))
    }

    public func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        try options.encode(to: encoder)
    }

    @inlinable
    public subscript<Value>(dynamicMember path: WritableKeyPath<TaskStatus, Value>) -> Value {
        get { status[keyPath: path] }
        set { status[keyPath: path] = newValue }
    }

    public var priority: Int {
        get { options.priority ?? 0 }
        set { options.priority = newValue }
    }

    public var retries: Int {
        get { options.retries ?? 0 }
        set { options.retries = newValue }
    }

    public var retryOn: [RetryCause] {
        get { options.retryOn ?? [] }
        set { options.retryOn = newValue }
    }

    /// The same without what it runs and what it was given: for those who wait for many.
    public var short: TaskRecord {
        var short = TaskRecord(
            id: status.id, state: status.state, pool: status.pool, priority: priority, submitter: status.submitter,
            submittedAt: status.submittedAt)
        short.options.name = options.name
        (short.retries, short.retryOn) = (retries, retryOn)
        (short.reason, short.startedAt, short.finishedAt) = (status.reason, status.startedAt, status.finishedAt)
        (short.attemptCount, short.attempts) = (status.attemptCount, status.attempts.suffix(1))
        return short
    }

    /// The one word for where it stands, as lists show it: its state, or what says more.
    public var standing: StateFilter {
        if status.state.isFinal { return StateFilter(status.state) }
        if status.stopping != nil { return .stopping }
        if status.routing != nil, status.waiting ?? .ready == .ready { return .routing }
        if status.state == .running {
            guard status.attempts.last?.pausedSince == nil else { return .paused }
            return status.questions == nil ? .running : .asking
        }
        guard let waiting = status.waiting, waiting != .ready else { return StateFilter(status.state) }
        return StateFilter(waiting)
    }

    /// Whether a word selects it.
    public func matches(_ filter: StateFilter) -> Bool {
        filter == standing || filter == StateFilter(status.state)
            || (status.state == .queued && status.waiting.map(StateFilter.init) == filter)
    }
}

public struct TaskResult: Codable, Sendable, Equatable {
    /// The text, up to 1 MiB; bytes that are not UTF-8 are replaced. `orchctl logs` has them as they are.
    public var text: String
    public var truncated: Bool

    public init(text: String, truncated: Bool) {
        self.text = text
        self.truncated = truncated
    }
}
