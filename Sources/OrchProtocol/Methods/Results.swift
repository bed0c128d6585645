/// The results of the methods, as clients receive them.

public struct Submitted: Codable, Sendable, Equatable {
    public var id: Int64
    /// False where the idempotency key was known and `id` is the task that it had made.
    public var created: Bool
    /// What the submitter ought to know although the task was accepted.
    public var warning: String?

    public init(id: Int64, created: Bool, warning: String? = nil) {
        self.id = id
        self.created = created
        self.warning = warning
    }
}

/// Answers one task with an object, and many with an array in the order of the tasks.
public typealias SubmissionResult = OneOrMany<Submitted>

public struct TaskPage: Codable, Sendable, Equatable {
    /// Newest first.
    public var tasks: [TaskRecord]
    /// Given where there may be more: the `cursor` of the next page.
    public var nextCursor: Int64?

    public init(tasks: [TaskRecord], nextCursor: Int64? = nil) {
        self.tasks = tasks
        self.nextCursor = nextCursor
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case tasks
        case nextCursor = "next_cursor"
    }
}

/// What became of each task that a method was asked to change.
public struct TasksChanged: Codable, Sendable, Equatable {
    public struct Entry: Codable, Sendable, Equatable {
        public var id: Int64
        public var state: TaskState
        /// True where there was nothing to do: it was so already, or the task had ended.
        public var unchanged: Bool?

        public init(id: Int64, state: TaskState, unchanged: Bool = false) {
            self.id = id
            self.state = state
            self.unchanged = unchanged ? true : nil
        }
    }

    public var tasks: [Entry]
    /// How many were changed; more than are listed where a whole pool was meant.
    public var count: Int

    public init(tasks: [Entry], count: Int? = nil) {
        self.tasks = tasks
        self.count = count ?? tasks.count { $0.unchanged != true }
    }
}

public struct WaitResult: Codable, Sendable, Equatable {
    /// Those that have ended, in the order in which they were asked for.
    public var tasks: [TaskRecord]
    /// True where the time was over first.
    public var timedOut: Bool?

    public init(tasks: [TaskRecord], timedOut: Bool? = nil) {
        self.tasks = tasks
        self.timedOut = timedOut
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case tasks
        case timedOut = "timed_out"
    }
}

public struct LogsEnd: Codable, Sendable, Equatable {
    /// How many bytes of each stream have been written by the attempt.
    public var stdout: Int64
    public var stderr: Int64
    public var attempt: Int
    /// The state of the task when the stream ended.
    public var state: TaskState
    /// A later attempt, which had written nothing, so that this one was sent.
    public var silent: Int?

    public init(stdout: Int64, stderr: Int64, attempt: Int, state: TaskState, silent: Int? = nil) {
        self.silent = silent
        self.stdout = stdout
        self.stderr = stderr
        self.attempt = attempt
        self.state = state
    }
}

public struct PoolList: Codable, Sendable, Equatable {
    public var pools: [PoolRecord]
    public init(pools: [PoolRecord]) { self.pools = pools }
}

public struct WorkerList: Codable, Sendable, Equatable {
    public var workers: [WorkerRecord]
    public init(workers: [WorkerRecord]) { self.workers = workers }
}

public struct SubscribeEnd: Codable, Sendable, Equatable {
    /// The sequence number of the last event sent.
    public var last: Int64
    public init(last: Int64) { self.last = last }
}

public struct ReloadResult: Codable, Sendable, Equatable {
    /// In words, what is different now; empty where nothing is.
    public var changes: [String]
    public init(changes: [String]) { self.changes = changes }
}

public struct Acknowledged: Codable, Sendable, Equatable {
    public var message: String
    public init(_ message: String) { self.message = message }
}

public struct VersionInfo: Codable, Sendable, Equatable {
    public var version: String
    public var `protocol`: Int
    /// The task whose door this is; nil on the socket of the daemon.
    public var task: Int64?

    public init(version: String, protocol: Int, task: Int64? = nil) {
        self.version = version
        self.task = task
        self.protocol = `protocol`
    }
}
