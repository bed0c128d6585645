import OrchProtocol

/// A process of a warm pool that was started ahead and has no task yet.
///
/// It is an attempt that nobody has made yet: its id is taken from those of the attempts, and the attempt of the task that it gets
/// has the same. So the supervisor knows processes with ids and nothing else, and a worker with a task is not a worker of this table.
public struct Worker: Sendable, Equatable {
    /// The raw values are in the database and never change.
    public enum State: Int, Sendable {
        /// Ordered; it may still wait for a slot.
        case launched = 0
        /// Its process runs, and has not said that it is ready.
        case starting = 1
        case ready = 2
        /// It has been told to end, and is not gone yet.
        case exiting = 3
    }

    /// Milliseconds within which a worker must say that it has its task.
    static let acceptTimeout: Int64 = 10_000
    /// Milliseconds within which it must exit that has been told to, or has given its result.
    static let exitTimeout: Int64 = 10_000
    /// A worker that ends within this number of milliseconds after it was ready has failed.
    static let minimumLife: Int64 = 10_000

    public var id: Int64
    public var pool: String
    public var state: State
    /// Of the pool's settings when it was launched: ``WarmSettings/fingerprint``.
    public var fingerprint: Int64
    /// When it came into this state, in milliseconds since 1970.
    public var since: Int64
    public var slot: Int?
    public var pid: Int32?
    /// When there is something to do about it if nothing happens, on the monotonic clock.
    public var wakeAt: Int64?
    /// What it says it can do.
    public var capabilities: [String] = []
    /// What it says it is.
    public var version: String?

    public init(id: Int64, pool: String, state: State = .launched, fingerprint: Int64, since: Int64) {
        self.id = id
        self.pool = pool
        self.state = state
        self.fingerprint = fingerprint
        self.since = since
    }

    /// The name of its workspace and of its output, until it has a task: `w7`.
    public static func name(_ id: Int64) -> String { "w\(id)" }

    /// The reverse; nil for a name that does not belong to a worker.
    public static func id(named name: String) -> Int64? { name.first == "w" ? Int64(name.dropFirst()) : nil }
}

/// What the configuration says of a pool whose workers are started ahead.
public struct WarmSettings: Sendable, Equatable {
    /// The number of workers that are ready while no task waits.
    public var minReady: Int
    /// Milliseconds after which a worker that got no task is replaced.
    public var maxIdle: Int64
    /// Milliseconds within which a worker must be ready.
    public var readyTimeout: Int64
    /// Stands for everything that decides how a worker is started: one that was started otherwise gets no task.
    public var fingerprint: Int64

    public static let defaultMaxIdle: Int64 = 300_000
    public static let defaultReadyTimeout: Int64 = 60_000

    public init(
        minReady: Int, maxIdle: Int64 = Self.defaultMaxIdle, readyTimeout: Int64 = Self.defaultReadyTimeout,
        fingerprint: Int64 = 0
    ) {
        self.minReady = minReady
        self.maxIdle = maxIdle
        self.readyTimeout = readyTimeout
        self.fingerprint = fingerprint
    }
}

/// How far a task has come with the warm worker that was chosen for it. The raw values are in the database and never change.
public enum Delivery: Int, Sendable {
    /// The task was sent, or is about to be.
    case given = 0
    /// The worker has said that it has it: from now on it may have done some of it.
    case accepted = 1
    /// The worker has said how it ended. Its process is not gone yet.
    case succeeded = 2
    case failed = 3

    public var isOver: Bool { rawValue > Delivery.accepted.rawValue }
}

/// What a warm worker says, as far as it decides anything.
public enum WorkerNews: Sendable, Equatable {
    case ready(capabilities: [String], version: String?)
    /// It has read its task, and has done nothing about it yet.
    case accepted
    /// What its task has used so far, in all.
    case usage(Usage)
    /// `reason` is its own, in words.
    case result(isSuccess: Bool, reason: String?, usage: Usage? = nil)
    /// It does not keep to the protocol: what it did, as in "the worker …".
    case fault(String)

    /// What it does to the attempt, by the table; nil for nothing.
    var event: AttemptEvent? {
        switch self {
        case .accepted: .accepted
        case .result: .result
        case .fault: .fault
        case .ready, .usage: nil
        }
    }

    /// What its task has used so far, where it says so.
    var usage: Usage? {
        switch self {
        case .usage(let usage): usage
        case .result(_, _, let usage): usage
        default: nil
        }
    }
}

/// Why a warm pool starts no workers for a while: the last of them failed.
public struct WorkerBackoff: Sendable, Equatable {
    /// Milliseconds of the first wait, and the longest, before the spread.
    static let firstDelay: Int64 = 1_000
    static let maximumDelay: Int64 = 300_000

    public var pool: String
    /// How many times in a row.
    public var failures = 0
    /// No worker is started before, in milliseconds since 1970.
    public var until: Int64 = 0
    /// Workers up to this id were started before the wait: that they fail as well says nothing new.
    public var after: Int64 = 0
    /// In words: how the last one failed.
    public var reason = ""

    public init(pool: String) { self.pool = pool }

    /// Takes note of a failure.
    ///
    /// - Parameters:
    ///   - last: the highest id of a worker that has been launched.
    mutating func note(_ worker: Int64, last: Int64, reason: String, now: Int64) {
        self.reason = reason
        guard worker > after else { return }
        assert(failures >= 0)
        failures += 1
        after = max(worker, last)
        let doubled = Self.firstDelay << min(failures - 1, 20)
        until = now + spread(min(doubled, Self.maximumDelay), seed: UInt64(bitPattern: worker))
    }

    /// Milliseconds that are still to be waited. The clock may have been set since: never more than the longest wait.
    func remaining(at now: Int64) -> Int64 {
        until > now && until - now <= Self.maximumDelay * 2 ? until - now : 0
    }
}
