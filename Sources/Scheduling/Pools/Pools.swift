import OrchProtocol
import Text

/// What the configuration says of a pool, as far as it concerns scheduling.
public struct PoolSettings: Sendable, Equatable {
    public var name: String
    public var slots: Int
    /// The agent for prompts; nil for a pool that takes only commands.
    public var agent: String?
    /// Milliseconds; for tasks that name none.
    public var timeout: Int64?
    public var idleTimeout: Int64?
    public var retries: Int
    /// Milliseconds between SIGTERM and SIGKILL.
    public var grace: Int64
    /// Of a pool whose workers are started ahead of their tasks; nil for one that starts a process for each task.
    public var warm: WarmSettings?
    /// What its workers offer to tasks that need it.
    public var capabilities: Set<String> = []
    /// Whether prompts may begin with tags that choose for them: see ``InlineTags``.
    public var inlineTags = true
    /// Who may send tasks to it; nil for everybody who can reach the daemon. A rule that sends them there is its author's word.
    public var access: PoolAccess?
    /// The highest priority that users may give a task in it, unless they are administrators; nil for any.
    public var maximumPriority: Int?
    /// Whether each task runs as the user who submitted it.
    public var runsAsSubmitter = false
    /// Whether the output of its attempts is where the engine can see it.
    public var keepsOutput = true
    /// Bytes of the machine's memory that are set aside for each of its attempts; nil for none.
    public var reserve: Int64?
    /// The absolute paths of all that its attempts may execute; nil for anything.
    public var programs: [String]?
    /// In a pool with programs: which variables a task may bring along, and where it may start beside its workspace.
    public var openVariables: [NamePattern] = []
    public var directories: [String] = []
    /// What its tasks may do through doors of their own; nil for a pool whose tasks have none.
    public var spawn: SpawnRules?
    /// What no task may exceed.
    public var maximum = ResourceLimits()
    /// What its own arguments and variables take of the room that a program has for them.
    public var ownArguments = ArgumentSize()
    static let defaultGrace: Int64 = 10_000

    public init(
        name: String, slots: Int, agent: String? = nil, timeout: Int64? = nil, idleTimeout: Int64? = nil,
        retries: Int = 0, grace: Int64? = nil, warm: WarmSettings? = nil
    ) {
        self.name = name
        self.slots = slots
        self.agent = agent
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.retries = retries
        self.grace = grace ?? Self.defaultGrace
        self.warm = warm
    }

    /// Whom a task of this user runs as; nil where that is the pool's to say.
    public func runner(of submitter: UInt32) -> UInt32? { runsAsSubmitter ? submitter : nil }

    /// Whether somebody is there for prompts: an agent, or workers, which make of a task what they can.
    public var takesPrompts: Bool { agent != nil || warm != nil }
}

/// What people have changed of a pool since, which outlives the engine.
public struct PoolState: Sendable, Equatable {
    /// The raw values are in the database and never change.
    public enum Mode: Int, Sendable {
        case active = 0
        case paused = 1
        case draining = 2
    }

    public var name: String
    public var mode: Mode
    public var slots: Int
    /// The number of slots in the configuration when `slots` was set. Once that is another, it rules again.
    public var configuredSlots: Int
    /// What the last of its warm workers that said what it can do has said, beside what the configuration lists. It is kept, since
    /// that worker takes a task and is gone, and the next one is most likely of its kind.
    public var reported: Set<String> = []

    public init(name: String, mode: Mode = .active, slots: Int, configuredSlots: Int) {
        self.name = name
        self.mode = mode
        self.slots = slots
        self.configuredSlots = configuredSlots
    }
}

/// The attempts of a pool that have not ended.
public struct LiveCounts: Sendable, Equatable {
    public var dispatched: Int
    public var running: Int

    public init(dispatched: Int = 0, running: Int = 0) {
        self.dispatched = dispatched
        self.running = running
    }
}
