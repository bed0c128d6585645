public struct AttemptState: OpenEnum {
    /// Handed to the supervisor, which starts it as soon as a slot is free. It is not an attempt yet, and no longer shown.
    public static let dispatched = Self("dispatched")
    public static let running = Self("running")
    public static let ended = Self("ended")

    public static let allCases: [Self] = [.dispatched, .running, .ended]

    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// How an attempt ended.
public struct Outcome: Codable, Sendable, Hashable {
    public struct Kind: OpenEnum {
        public static let exited = Self("exited")
        public static let signalled = Self("signalled")
        public static let lost = Self("lost")
        public static let cancelled = Self("cancelled")
        public static let runTimeout = Self("run_timeout")
        public static let idleTimeout = Self("idle_timeout")
        public static let outOfMemory = Self("out_of_memory")
        public static let outputLimit = Self("output_limit")
        public static let spawnFailed = Self("spawn_failed")
        /// The program says it succeeded, but has not produced the result that its agent owes.
        public static let noResult = Self("no_result")
        /// The agent says that it failed: `failure` tells how. Or its warm worker did, or did not keep to the worker protocol.
        public static let failed = Self("failed")
        /// The agent has met a usage or rate limit. The attempt does not count, and the task waits until it is over.
        public static let limited = Self("limited")
        /// A `[budget]` was spent that is `hard`.
        public static let overBudget = Self("over_budget")

        public static let allCases: [Self] = [
            .exited, .signalled, .lost, .cancelled, .runTimeout, .idleTimeout, .outOfMemory, .outputLimit,
            .spawnFailed, .noResult, .failed, .limited, .overBudget,
        ]

        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public var kind: Kind
    /// The exit status of `exited`, the signal of `signalled`.
    public var code: Int?
    /// What kept an agent from its task.
    public var failure: FailureKind?

    public init(_ kind: Kind, code: Int? = nil, failure: FailureKind? = nil) {
        self.kind = kind
        self.code = code
        self.failure = failure
    }

    public var isSuccess: Bool { kind == .exited && code == 0 }

    /// What a shell would report for it: the exit status, or 128 and the signal; 1 where there is neither.
    public var exitStatus: Int32 {
        switch kind {
        case .exited: Int32(clamping: code ?? 1)
        case .failed: Int32(clamping: code == 0 ? 1 : code ?? 1)
        case .signalled: 128 + Int32(min(max(code ?? 0, 0), 127))
        case .runTimeout, .idleTimeout: 124
        case .cancelled: 130
        case .outOfMemory: 137
        case .spawnFailed: 127
        default: 1
        }
    }

    /// Which word of `retry_on` covers it; nil where no retry can be asked for.
    public var retryCause: RetryCause? {
        switch kind {
        case .exited: code == 0 ? nil : .exit
        case .noResult: .exit
        case .failed: failure.map(\.retryCause) ?? .exit
        case .signalled, .outOfMemory: .signal
        case .runTimeout, .idleTimeout: .timeout
        case .lost: .lost
        case .outputLimit: .output
        case .spawnFailed: .spawn
        default: nil
        }
    }
}

public struct AttemptRecord: Codable, Sendable, Equatable {
    /// Counts from 1; `task.number` is the attempt's name everywhere. 0 is not an attempt at the task, but the program of the rule that
    /// chose for it.
    public var number: Int
    public var state: AttemptState
    public var outcome: Outcome?
    /// The outcome in words.
    public var reason: String?
    /// The pool and the slot: `default/2`.
    public var worker: String?
    public var pid: Int32?
    public var dispatchedAt: Timestamp
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    /// Since when it is paused.
    public var pausedSince: Timestamp?
    /// For how many seconds it was paused before.
    public var pausedFor: Double?
    /// In `task.get`: the branch of its git worktree.
    public var branch: String?
    /// Seconds of CPU time in user and in kernel mode, descendants that were waited for included.
    public var cpuUser: Double?
    public var cpuSystem: Double?
    /// The largest resident size of one of its processes, in bytes. Without a cgroup never below the supervisor's own, some
    /// 7 MiB, since the kernel counts what a process was before it executed its program.
    public var peakMemory: Int64?
    /// Bytes that went from disks and to them, and seconds that some process of it waited for a processor, for memory, for a disk. Only
    /// with a cgroup, and of one that ran for a tenth of a second.
    public var bytesRead: Int64?
    public var bytesWritten: Int64?
    public var cpuStalled: Double?
    public var memoryStalled: Double?
    public var ioStalled: Double?
    /// What its agent has used, where it tells.
    public var usage: Usage?
    /// In `task.get`: the files that it left in its result directory, and what else it left there.
    public var files: [ResultFile]?
    public var leftBehind: [LeftBehind]?

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case number, state, outcome, reason, worker, pid, branch, usage, files
        case leftBehind = "left_behind"
        case dispatchedAt = "dispatched_at"
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case pausedSince = "paused_since"
        case pausedFor = "paused_for"
        case cpuUser = "cpu_user"
        case cpuSystem = "cpu_system"
        case peakMemory = "peak_memory"
        case bytesRead = "bytes_read"
        case bytesWritten = "bytes_written"
        case cpuStalled = "cpu_stalled"
        case memoryStalled = "memory_stalled"
        case ioStalled = "io_stalled"
    }

    public init(number: Int, state: AttemptState, dispatchedAt: Timestamp) {
        self.number = number
        self.state = state
        self.dispatchedAt = dispatchedAt
    }
}
