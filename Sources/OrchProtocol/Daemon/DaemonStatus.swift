/// How many tasks there are, by state and by what the queued ones wait for.
public struct TaskCounts: Codable, Sendable, Equatable {
    public var ready = 0
    public var delayed = 0
    public var held = 0
    public var blocked = 0
    public var limited = 0
    public var paused = 0
    public var running = 0
    public var succeeded = 0
    public var failed = 0
    public var cancelled = 0
    public var expired = 0

    public init() {}

    public var queued: Int { ready + delayed + held + blocked + limited + paused }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case ready, delayed, held, blocked, limited, paused, running, succeeded, failed, cancelled, expired
    }

    private static let places: [(key: CodingKeys, path: any WritableKeyPath<TaskCounts, Int> & Sendable)] = [
        (.ready, \.ready), (.delayed, \.delayed), (.held, \.held), (.blocked, \.blocked), (.limited, \.limited),
        (.paused, \.paused), (.running, \.running), (.succeeded, \.succeeded), (.failed, \.failed),
        (.cancelled, \.cancelled), (.expired, \.expired),
    ]

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for (key, path) in Self.places {
            // A daemon that is older counts these among the ready ones.
            if [.blocked, .limited, .paused].contains(key), !container.contains(key) { continue }
            self[keyPath: path] = try container.decode(Int.self, forKey: key)
        }
    }

    public mutating func add(_ other: TaskCounts) {
        for (_, path) in Self.places { self[keyPath: path] += other[keyPath: path] }
    }

    /// Adds this number of tasks that wait for it.
    public mutating func add(_ count: Int, waiting reason: WaitReason) {
        switch reason {
        case .delayed: delayed += count
        case .held: held += count
        case .blocked: blocked += count
        case .limited: limited += count
        case .paused: paused += count
        default: ready += count
        }
    }
}

public struct PoolRecord: Codable, Sendable, Equatable {
    public struct State: OpenEnum {
        public static let active = Self("active")
        public static let paused = Self("paused")
        /// Takes no new tasks and finishes those it has.
        public static let draining = Self("draining")
        /// No longer in the configuration, but still holds tasks.
        public static let removed = Self("removed")

        public static let allCases: [Self] = [.active, .paused, .draining, .removed]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var name: String
    public var state: State
    public var slots: Int
    /// The agent that gets the pool's prompts; `command` for a pool that takes only commands, ``warmAgent`` for one with warm workers.
    public var agent: String
    public static let warmAgent = "warm"
    /// Of a pool with warm workers: the program that they are.
    public var worker: String?
    public var counts: TaskCounts
    /// Of a pool with warm workers: how many are ready for a task.
    public var ready: Int?
    /// Why its warm workers do not start.
    public var problem: String?
    /// What its workers offer to tasks that need it.
    public var capabilities: [String]?
    /// The git repository of which each attempt gets a worktree to work in.
    public var repository: String?

    public init(name: String, state: State, slots: Int, agent: String, counts: TaskCounts) {
        self.name = name
        self.state = state
        self.slots = slots
        self.agent = agent
        self.counts = counts
    }
}

public struct WorkerRecord: Codable, Sendable, Equatable {
    public struct State: OpenEnum {
        public static let idle = Self("idle")
        public static let busy = Self("busy")
        /// Its task is frozen.
        public static let paused = Self("paused")
        /// Being ended, and not gone yet.
        public static let stopping = Self("stopping")
        /// A warm worker that has been started and has not said that it is ready.
        public static let starting = Self("starting")
        /// A warm worker that waits for a task.
        public static let ready = Self("ready")
        /// A warm worker that has given its result, or has been told to exit, and is not gone yet.
        public static let exiting = Self("exiting")
        /// No process: the workers before it failed, and another is started at `until`.
        public static let backingOff = Self("backing_off")

        public static let allCases: [Self] = [.idle, .busy, .paused, .stopping, .starting, .ready, .exiting, .backingOff]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// `pool/slot`.
    public var name: String
    public var state: State
    public var task: Int64?
    public var attempt: Int?
    public var pid: Int32?
    public var since: Timestamp?
    /// What the task is: its name, or the beginning of its command or prompt.
    public var title: String?
    /// When one that is backing off is tried again, and why it is.
    public var until: Timestamp?
    public var reason: String?
    /// What a warm worker has said that it is, and can do.
    public var version: String?
    public var capabilities: [String]?
    /// How far it is with its task, in percent, and what it is doing, as it last said.
    public var percent: Double?
    public var activity: String?

    public init(name: String, state: State) {
        self.name = name
        self.state = state
    }
}

public struct SupervisorStatus: Codable, Sendable, Equatable {
    public var connected: Bool
    public var pid: Int32?
    /// Whether each attempt has a cgroup of its own.
    public var cgroups: Bool?
    /// What the kernel limits and counts in them: `cpu`, `io`, `memory`, `pids`. Not known of a supervisor that is older than the
    /// link's version 4.
    public var controllers: [String]?
    /// Of the program; not known of one that is older than the link's version 2.
    public var version: String?
    /// When the program was executed, which an upgrade in place does without another `pid`.
    public var startedAt: Timestamp?

    public init(connected: Bool) { self.connected = connected }

    /// What attempts are not limited in, since the machine does not hand over the controller for it; nothing where they have no
    /// cgroups at all, or it is not known.
    public var missingControllers: [String] {
        guard cgroups == true, let controllers else { return [] }
        return ["cpu", "io", "memory", "pids"].filter { !controllers.contains($0) }
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case connected, pid, cgroups, controllers, version
        case startedAt = "started_at"
    }
}

public struct DaemonStatus: Codable, Sendable, Equatable {
    public struct State: OpenEnum {
        public static let running = Self("running")
        public static let draining = Self("draining")
        /// Something is wrong that `problems` names; what can be served is.
        public static let degraded = Self("degraded")

        public static let allCases: [Self] = [.running, .draining, .degraded]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var state: State
    public var version: String
    public var pid: Int32
    public var startedAt: Timestamp
    public var now: Timestamp
    public var supervisor: SupervisorStatus
    public var counts: TaskCounts
    public var pools: [PoolRecord]
    /// Sentences about what is degraded, each with what to do.
    public var problems: [String]
    /// What keeps tasks from starting beyond their pools and times.
    public var gates: [GateRecord]?
    /// How many questions of tasks are open; nil from a daemon that does not tell.
    public var questions: Int?
    /// The sequence number of the latest event.
    public var lastEvent: Int64
    /// The sequence number of the oldest event that is kept; nil from a daemon that does not tell.
    public var firstEvent: Int64?
    /// Where the queue and the output of tasks are; nil from a daemon that does not tell.
    public var stateDirectory: String?

    public init(
        state: State, version: String, pid: Int32, startedAt: Timestamp, now: Timestamp, supervisor: SupervisorStatus,
        counts: TaskCounts, pools: [PoolRecord], problems: [String], lastEvent: Int64
    ) {
        self.state = state
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.now = now
        self.supervisor = supervisor
        self.counts = counts
        self.pools = pools
        self.problems = problems
        self.lastEvent = lastEvent
    }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case state, version, pid, now, supervisor, counts, pools, problems, gates, questions
        case startedAt = "started_at"
        case lastEvent = "last_event"
        case firstEvent = "first_event"
        case stateDirectory = "state_dir"
    }
}
