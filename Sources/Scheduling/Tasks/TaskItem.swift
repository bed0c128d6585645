import OrchProtocol

/// What a task runs.
public enum Work: Sendable, Equatable {
    /// A program and its arguments; at least one element, none with a NUL.
    case command([ByteString])
    /// Text for the agent of the pool.
    case prompt(String)

    /// Bytes, roughly.
    public var size: Int {
        switch self {
        case .command(let arguments): arguments.reduce(0) { $0 + $1.count + 1 }
        case .prompt(let text): text.utf8.count
        }
    }
}

/// What does not change from the moment a task is accepted, or else from the moment it has been routed.
public struct TaskDefinition: Sendable, Equatable {
    public var work: Work
    public var labels: [String: String]
    public var key: String?
    public var environment: [ByteString: ByteString]
    /// An absolute path, or nil for a fresh workspace.
    public var directory: ByteString?
    public var model: String?
    public var thinking: String?
    /// Capabilities that its pool must offer, each once.
    public var needs: [String] = []
    /// Whether the submitter has named the pool, so that no other will do.
    public var isPoolGiven = true
    /// The rule that chose for it.
    public var route: String?
    /// Where the program of a rule is still to be asked.
    public var routing: Routing?
    /// The text of the JSON Schema that its result must satisfy.
    public var resultSchema: String?
    /// As its submitter has asked; the pool's own are added when it starts.
    public var resources = ResourceLimits()
    /// The text for standard input is stored apart, since few tasks have one and it may be long.
    public var hasInput: Bool
    public var submitter: UInt32
    /// Milliseconds since 1970, like all times of a task.
    public var submittedAt: Int64
    public var expiresAt: Int64?

    public init(
        work: Work, labels: [String: String] = [:], key: String? = nil, environment: [ByteString: ByteString] = [:],
        directory: ByteString? = nil, model: String? = nil, thinking: String? = nil, hasInput: Bool = false,
        submitter: UInt32, submittedAt: Int64, expiresAt: Int64? = nil
    ) {
        self.work = work
        self.labels = labels
        self.key = key
        self.environment = environment
        self.directory = directory
        self.model = model
        self.thinking = thinking
        self.hasInput = hasInput
        self.submitter = submitter
        self.submittedAt = submittedAt
        self.expiresAt = expiresAt
    }
}

/// A task as the scheduler works on it.
public struct TaskItem: Sendable, Equatable {
    /// Where the store counts a task.
    public struct Place: Sendable, Hashable {
        public var pool: String
        public var phase: Phase
        /// The names of the gates that a ready task has to pass, and a running one has passed: see ``GateName``. Says nothing in
        /// other phases.
        public var lane: String

        public init(pool: String, phase: Phase, lane: String = "") {
            self.pool = pool
            self.phase = phase
            self.lane = lane
        }

        /// Lanes are few, and most tasks have none.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(pool)
            hasher.combine(phase)
        }
    }

    public var id: Int64
    public var definition: TaskDefinition
    public var place: Place
    public var name: String?
    public var priority: Int
    /// For a delayed task: when it is ready.
    public var dueAt: Int64?
    /// Whether `dueAt` was reckoned from the clock and not given by a person, and so moves along when the clock is set.
    public var dueIsRelative = false
    /// Milliseconds.
    public var timeout: Int64?
    public var idleTimeout: Int64?
    public var retry: RetryPolicy
    /// How many attempts have been made, which is also the number of the latest.
    public var attempts: Int
    /// How many of them were made before somebody last asked for a retry, and so no longer count against the policy.
    public var attemptsBeforeRetry: Int
    public var finishedAt: Int64?
    /// In words: how it ended, or why it waits.
    public var reason: String?

    public init(
        id: Int64 = 0, definition: TaskDefinition, pool: String, phase: Phase, name: String? = nil, priority: Int = 0,
        dueAt: Int64? = nil, timeout: Int64? = nil, idleTimeout: Int64? = nil, retry: RetryPolicy = RetryPolicy(),
        attempts: Int = 0, attemptsBeforeRetry: Int = 0, finishedAt: Int64? = nil, reason: String? = nil
    ) {
        self.id = id
        self.definition = definition
        place = Place(pool: pool, phase: phase)
        self.name = name
        self.priority = priority
        self.dueAt = dueAt
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.retry = retry
        self.attempts = attempts
        self.attemptsBeforeRetry = attemptsBeforeRetry
        self.finishedAt = finishedAt
        self.reason = reason
    }

    public var pool: String {
        get { place.pool }
        set { place.pool = newValue }
    }

    public var phase: Phase {
        get { place.phase }
        set { place.phase = newValue }
    }

    public var lane: String {
        get { place.lane }
        set { place.lane = newValue }
    }
}
