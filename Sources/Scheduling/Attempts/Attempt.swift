import OrchProtocol
import SupervisorLink

/// Why the engine asked the supervisor to end an attempt. The raw values are in the database and never change.
public enum StopCause: Int, Sendable {
    case cancelled = 1
    case runTimeout = 2
    case idleTimeout = 3
    case outputLimit = 4
    /// The daemon was told to stop without waiting.
    case shutdown = 5
    /// It had printed its whole result, and then nothing more.
    case finished = 6
    /// A budget is spent that does not let what runs continue.
    case budget = 7
}

/// One try at a task.
public struct Attempt: Sendable, Equatable {
    public enum State: Int, Sendable {
        case dispatched = 0
        case running = 1
        case ended = 2
    }

    /// Grows from attempt to attempt over all tasks, and is never used again.
    public var id: Int64
    public var task: Int64
    /// Counts from 1 within the task; 0 for the program of a rule: see ``isRouting``.
    public var number: Int
    public var pool: String
    /// Who was given the prompt, and by whose definition the output is read: its pool may have another agent by now, or be gone. Nil
    /// for a command.
    public var agent: String?
    public var state: State
    public var dispatchedAt: Int64
    public var slot: Int?
    public var pid: Int32?
    public var startedAt: Int64?
    /// On the monotonic clock.
    public var startedMonotonic: Int64?
    /// When, on the monotonic clock, its timeouts must be looked at.
    public var wakeAt: Int64?
    public var stopping: StopCause?
    /// Nil where it never was paused.
    public var pauses: Pauses?
    public var endedAt: Int64?
    public var outcome: Outcome?
    public var reason: String?
    /// Microseconds.
    public var cpuUser: Int64?
    public var cpuSystem: Int64?
    /// Bytes.
    public var peakMemory: Int64?
    public var measures: Measures?
    public var usage: Usage?
    /// Of a task that a warm worker has; nil where the process was started for the task.
    public var delivery: Delivery?

    public init(id: Int64, task: Int64, number: Int, pool: String, state: State, dispatchedAt: Int64) {
        self.id = id
        self.task = task
        self.number = number
        self.pool = pool
        self.state = state
        self.dispatchedAt = dispatchedAt
    }

    /// It was handed to the supervisor, which has not said that it has started.
    public var isOrdered: Bool { state == .dispatched }

    /// Puts its start where the clock would have shown it, had it always been as it is at a later moment: so that between two times of an
    /// attempt lies what really passed, no matter who set the clock meanwhile. An end is such a moment.
    mutating func alignStart(wall: Int64, monotonic: Int64) {
        guard startedAt != nil, let startedMonotonic else { return }
        startedAt = wall - max(0, monotonic - startedMonotonic)
    }

    /// The name of its workspace: that of the worker where it has one.
    public var workspaceName: String { delivery == nil ? "\(task).\(number)" : Worker.name(id) }
}

/// A report that an attempt has ended, in the supervisor's words.
public struct AttemptEnd: Sendable, Equatable {
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// It never ran; the reason is a sentence for the user.
        case failedToStart(String)
        /// It never ran, because the machine is short of something; the task is not to blame.
        case shortOfResources(String)
        case lost(String)
    }

    public var attempt: Int64
    /// Nil if it never ran.
    public var start: StartReport?
    public var ending: Ending
    /// A stop had been asked for before it ended.
    public var stopped = false
    public var outOfMemory = false
    /// It was refused a process, since it had as many as it may.
    public var outOfProcesses = false
    public var dumpedCore = false
    public var endedAt: Int64
    public var endedMonotonic: Int64
    public var cpuUser: Int64?
    public var cpuSystem: Int64?
    public var peakMemory: Int64?
    public var measures: Measures?
    /// What it chose, where it is the program of a rule.
    public var answer: RouteAnswer?
    /// What its agent has used, where it tells.
    public var usage: Usage?
    /// Why it does not count as a success of its agent, as far as its output tells.
    public var failure: AgentFailure?
    /// The bytes that it was allowed to write, where it has written more.
    public var exceeds: Int64?
    /// Its output holds the whole result that its agent owes.
    public var hasWholeResult = false
    /// What a warm worker said last, all that had not been heard when it ended.
    public var news: [WorkerNews] = []
    /// What a warm worker may have said last is lost: its channel went with the supervisor, and nobody else holds it.
    public var isUnread = false
    /// The last lines of what it said, on one line: of a command, an agent of whose failure nothing is known, a warm worker without a task.
    public var stderrTail: String?

    public init(attempt: Int64, start: StartReport?, ending: Ending, endedAt: Int64, endedMonotonic: Int64) {
        self.attempt = attempt
        self.start = start
        self.ending = ending
        self.endedAt = endedAt
        self.endedMonotonic = endedMonotonic
    }

    /// Whether it ended badly, and nobody had asked for its end.
    public var failedByItself: Bool {
        switch ending {
        case .exited(let status): status != 0 && !stopped
        case .signalled: !stopped
        case .failedToStart, .shortOfResources, .lost: false
        }
    }

    /// Whether nobody knows how it ended.
    var isLost: Bool {
        if case .lost = ending { true } else { false }
    }
}
