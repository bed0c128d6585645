public enum AttemptState: String, Codable, Sendable, CaseIterable {
    /// Handed to the supervisor, which starts it as soon as a slot is free.
    case dispatched
    case running
    case ended
}

/// How an attempt ended.
public struct Outcome: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case exited, signalled, lost, cancelled
        case runTimeout = "run_timeout"
        case idleTimeout = "idle_timeout"
        case outOfMemory = "out_of_memory"
        case outputLimit = "output_limit"
        case spawnFailed = "spawn_failed"
        /// The program says it succeeded, but has not produced the result that its agent owes.
        case noResult = "no_result"
    }

    public var kind: Kind
    /// The exit status of `exited`, the signal of `signalled`.
    public var code: Int?

    public init(_ kind: Kind, code: Int? = nil) {
        self.kind = kind
        self.code = code
    }

    public var isSuccess: Bool { kind == .exited && code == 0 }

    /// What a shell would report for it: the exit status, or 128 and the signal; 1 where there is neither.
    public var exitStatus: Int32 {
        switch kind {
        case .exited: Int32(clamping: code ?? 1)
        case .signalled: 128 + Int32(min(max(code ?? 0, 0), 127))
        case .runTimeout, .idleTimeout: 124
        case .cancelled: 130
        case .outOfMemory: 137
        case .spawnFailed: 127
        case .lost, .outputLimit, .noResult: 1
        }
    }

    /// Which word of `retry_on` covers it; nil where no retry can be asked for.
    public var retryCause: RetryCause? {
        switch kind {
        case .exited: code == 0 ? nil : .exit
        case .noResult: .exit
        case .signalled, .outOfMemory: .signal
        case .runTimeout, .idleTimeout: .timeout
        case .lost: .lost
        case .outputLimit: .output
        case .spawnFailed: .spawn
        case .cancelled: nil
        }
    }
}

public struct AttemptRecord: Codable, Sendable, Equatable {
    /// Counts from 1; `task.number` is the attempt's name everywhere.
    public var number: Int
    public var state: AttemptState
    public var outcome: Outcome?
    /// The outcome in words.
    public var reason: String?
    /// The pool and the slot: `default/2`.
    public var worker: String?
    public var pid: Int32?
    public var dispatchedAt: WireTime
    public var startedAt: WireTime?
    public var endedAt: WireTime?
    /// Seconds of CPU time in user and in kernel mode, descendants that were waited for included.
    public var cpuUser: Double?
    public var cpuSystem: Double?
    /// The largest resident size of one of its processes, in bytes. Without a cgroup never below the supervisor's own, some
    /// 7 MiB, since the kernel counts what a process was before it executed its program.
    public var peakMemory: Int64?

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case number, state, outcome, reason, worker, pid
        case dispatchedAt = "dispatched_at"
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case cpuUser = "cpu_user"
        case cpuSystem = "cpu_system"
        case peakMemory = "peak_memory"
    }

    public init(number: Int, state: AttemptState, dispatchedAt: WireTime) {
        self.number = number
        self.state = state
        self.dispatchedAt = dispatchedAt
    }
}
