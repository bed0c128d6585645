import Scheduling

/// Everything that clients and bad luck will do in a life, in the order of time. It comes from a seed; a part of it is a plan as
/// well, which is how a failure is shrunk.
public struct Plan: Sendable {
    struct Step: Sendable {
        /// Milliseconds from the beginning.
        var at: Int64
        var deed: Deed
    }

    /// Draws what the plan leaves open: latencies above all.
    var seed: UInt64
    var steps: [Step]
    /// When clients and faults are over. From then on everything has to come to its end.
    var span: Int64
    /// The most milliseconds that a commit takes, and a message.
    var commitTime: Int64
    var linkTime: Int64
    /// Finished tasks are kept for so long, in milliseconds.
    var retention: Int64
    /// And so many of them.
    var retentionCount = 100_000
    var pools: [PoolSettings]
    var limits: [ConcurrencyLimit] = []
    var routes: [RouteRule] = []
    var budgets: [Budget] = []
    /// How many packets of each direction the link holds before it is full.
    var linkRoom = Int.max
    /// Of a hundred warm workers, how many may misbehave.
    var workerFaults = 0

    /// How many steps there are, faults and others.
    public var count: Int { steps.count }
}

enum Deed: Sendable {
    // Clients.
    /// With a key, it is asked again after an answer that did not come.
    case submit([Job], key: Int?, user: UInt32, vanishes: Bool)
    /// Tasks are named by numbers that are taken modulo those there are.
    case cancel([Int])
    case cancelPool(String)
    case cancelAndRetry(Int)
    case retry([Int])
    case hold([Int])
    case release([Int])
    case pauseTasks([Int])
    case resumeTasks([Int])
    /// Those that run and have two timeouts, and those that are paused; by their owners.
    case pauseRunning
    case resumePaused
    case prioritise(Int, Int)
    case move(Int, String)
    case postpone(Int, Int64)
    case pause(String)
    case resume(String)
    case drain(String)
    case resize(String, Int)
    case resumeAgent
    case drainAll
    case shutdown
    case subscribe
    // Faults.
    case engine(EngineFault)
    case supervisor(SupervisorFault)
    case boot
    /// So many times, shortly after each other.
    case linkLost(times: Int)
    /// With the next order that is on its way.
    case linkLostWithLaunch
    /// Every message takes so much longer, for a time.
    case linkSlow(by: Int64, for: Int64)
    case clock(Int64)
    case diskFull(for: Int64)
    case diskFails(times: Int)
    case shortage(for: Int64)
    case reload([PoolSettings])
    case changeLimits([ConcurrencyLimit])
    case changeRoutes([RouteRule])
    case changeBudgets([Budget])
    case outputLimit(Int)
    /// What the configuration adds to every order of a pool, or no longer.
    case poisonPool(String, Poison?)
    /// The engine is told everything once more.
    case repeatReports

    enum EngineFault: Sendable {
        /// Dies at once, or in its next turn: before the commit, or after so many things that follow from it.
        case killed
        case killedBeforeCommit
        case killedAfterEffects(Int)
        /// Stops in good order and is started again, as in an upgrade.
        case restarted
    }

    enum SupervisorFault: Sendable {
        case killed
        /// Executes its new version in place.
        case replaced
        /// Ends all it runs, and is started again.
        case terminated
    }

    var isFault: Bool {
        switch self {
        case .engine, .supervisor, .boot, .linkLost, .linkLostWithLaunch, .linkSlow, .clock, .diskFull, .diskFails, .shortage,
            .reload, .poisonPool, .changeLimits, .changeRoutes, .changeBudgets, .outputLimit, .repeatReports:
            true
        default: false
        }
    }
}

extension Plan: CustomStringConvertible {
    public var description: String {
        let pools = pools.map { "\($0.name)=\($0.slots)" }.joined(separator: " ")
        let room = linkRoom == .max ? "" : " with room for \(linkRoom)"
        let head =
            "pools \(pools), commit ≤ \(commitTime) ms, link ≤ \(linkTime) ms\(room), kept \(retention) ms, span \(span) ms"
        return ([head] + steps.map { "\($0.at) \($0.deed)" }).joined(separator: "\n")
    }
}
