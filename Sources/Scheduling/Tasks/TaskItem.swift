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

/// What was asked, and what rules have made of it: it does not change but by `task.update` and while it is routed.
public struct TaskDefinition: HasTaskOptions, Sendable, Equatable {
    public var work: Work
    /// With what rules have chosen, and what its pool fills in.
    public var options = TaskOptions()
    public var environment: [ByteString: ByteString] = [:]
    /// An absolute path, or nil for a fresh workspace.
    public var directory: ByteString?
    /// Whether the submitter has named the pool, so that no other will do.
    public var isPoolGiven = true
    /// The rule that chose for it.
    public var route: String?
    /// Where the program of a rule is still to be asked.
    public var routing: Routing?
    /// The JSON Schema that its result must satisfy. It may be long, and no turn reads it: it stays text.
    public var resultSchema: String?
    /// The text for standard input is stored apart, since few tasks have one and it may be long.
    public var hasInput = false
    /// What was submitted with it.
    package var files: KeptFiles?
    public var submitter: UInt32
    /// For whom, where its submitter is a bridge.
    public var subject: String?
    /// Milliseconds since 1970, like all times of a task.
    public var submittedAt: Int64

    public var owner: Principal { subject.map { .subject(bridge: submitter, name: $0) } ?? .user(submitter) }
    public var needs: [String] { options.needs ?? [] }
    public var labels: [String: String] { options.labels ?? [:] }
    public var expiresAt: Int64? { options.expires?.milliseconds }
}

extension TaskDefinition {
    public init(work: Work, submitter: UInt32, submittedAt: Int64) {
        self.init(work: work, options: TaskOptions(), submitter: submitter, submittedAt: submittedAt)
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
    }

    public var id: Int64
    public var definition: TaskDefinition
    public var place: Place
    public var ancestry = Ancestry()
    /// For a delayed task: when it is ready.
    public var dueAt: Int64?
    /// Whether `dueAt` was reckoned from the clock and not given by a person, and so moves along when the clock is set.
    public var dueIsRelative = false
    /// How many attempts have been made, which is also the number of the latest.
    public var attempts = 0
    /// How many of them were made before somebody last asked for a retry, and so no longer count against the policy.
    public var attemptsBeforeRetry = 0
    public var finishedAt: Int64?
    /// In words: how it ended, or why it waits.
    public var reason: String?

    public init(id: Int64 = 0, definition: TaskDefinition, pool: String, phase: Phase) {
        self.id = id
        self.definition = definition
        place = Place(pool: pool, phase: phase)
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
    // MARK: Its options, in the scheduler's terms

    public var name: String? {
        get { definition.options.name }
        set { definition.options.name = newValue }
    }

    public var priority: Int {
        get { definition.options.priority ?? 0 }
        set { definition.options.priority = newValue }
    }

    /// Milliseconds.
    public var timeout: Int64? {
        get { SpecRules.milliseconds(definition.options.timeout) }
        set { definition.options.timeout = SpecRules.seconds(newValue) }
    }

    public var idleTimeout: Int64? {
        get { SpecRules.milliseconds(definition.options.idleTimeout) }
        set { definition.options.idleTimeout = SpecRules.seconds(newValue) }
    }

    public var retry: RetryPolicy {
        get {
            let options = definition.options
            return RetryPolicy(
                retries: options.retries ?? 0, causes: options.retryOn ?? RetryPolicy.defaultCauses,
                delay: SpecRules.milliseconds(options.retryDelay) ?? RetryPolicy.defaultDelay)
        }
        set {
            definition.options.retries = newValue.retries
            definition.options.retryOn = RetryCause.allCases.filter(newValue.causes.contains)
            definition.options.retryDelay = SpecRules.seconds(newValue.delay)
        }
    }
}
