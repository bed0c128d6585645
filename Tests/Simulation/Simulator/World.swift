import DaemonConfiguration
import Engine
import OrchProtocol
import Scheduling
import Storage
import SupervisorLink
import TestSupport

/// A life: one machine with an engine, a supervisor, clients and bad luck, from an empty queue until everything has come to its end.
///
/// It has one thread and one random number generator, so that its plan decides everything in it.
final class World {
    enum Happening {
        case step(Int)
        case engineStarts
        case engineWakes(life: Int)
        /// What follows from its last turn is carried out now that it is committed.
        case effects(life: Int)
        case connect(life: Int)
        case toSupervisor(UInt64)
        case toEngine(UInt64)
        case engineGone(UInt64)
        case supervisorGone(UInt64)
        case linkBreaks(times: Int)
        case supervisorStarts
        case supervisorWakes
        case processEnds(UInt64)
        case processKilled(UInt64)
        case processWrites(UInt64)
        case worker(UInt64, WorkerDeed)
        case engineReads(life: Int)
        case send(Int)
        case shortageEnds
        case calm
        case bound
        case sweep
    }

    let plan: Plan
    let mutation: Mutation?
    let clock = VirtualClock()
    let violations = Violations()
    let truth: GroundTruth
    let ledger: Ledger
    let supervisor: SimulatedSupervisor
    let disk: SimulatedDisk
    let directory: ScratchDirectory
    var agenda = Agenda<Happening>()
    var random: SeededGenerator
    var trace: Trace

    var engine: SimulatedEngine?
    var lives = 0
    var pools: [PoolSettings]
    var limits: [ConcurrencyLimit]
    var routes: [RouteRule]
    var budgets: [Budget]
    var retention: (age: Int64, count: Int)
    var isSupervisorUp = true
    var links: [UInt64: SimulatedLink] = [:]
    var generation: UInt64 = 0
    /// How much is on its way between the engine and its warm workers.
    var talking = 0
    /// Why the supervisor has last ended a connection.
    var refusal: String?
    /// What the configuration has in it for the pools that cannot be handed over.
    var poisons: [String: Poison] = [:]
    var linkDelay: (milliseconds: Int64, until: Int64) = (0, 0)

    // What the next turns meet.
    var killsNextCommit = false
    var losesNextLaunch = false
    var killAfterEffects: Int?
    var failingCommits = 0
    var fullUntil: Int64 = 0
    var shortUntil: Int64 = 0

    var requests: [Request] = []
    /// Requests that wait in the socket for an engine.
    var backlog: [Int] = []
    var subscribers: [Subscriber] = []
    /// Tasks that somebody has been told of.
    var acknowledged: Set<Int64> = []
    var idsOfKeys: [String: Int64] = [:]

    /// When the real-time clock was set and no turn has taken note of it yet, by how many commits there were then.
    var clockSetAt: Int?
    /// It was set and no engine was there to see by how much. Waits that were reckoned on it are then off, and stay so.
    var isClockUncertain = false { didSet { ledger.isClockUncertain = isClockUncertain } }

    /// The commits when it was last looked at what people are shown, and what draws when that is.
    var viewedAt = 0
    var viewing: SeededGenerator

    var isCalm = false
    var isSwept = false
    var isDoneSweeping = false
    var hasMetAgain = false
    var isDone = false
    var deadline: Int64 = .max
    var statistics = Statistics()

    init(_ plan: Plan, mutation: Mutation?, keepsTrace: Bool) throws {
        self.plan = plan
        self.mutation = mutation
        pools = plan.pools
        limits = plan.limits
        routes = plan.routes
        budgets = plan.budgets
        retention = (plan.retention, plan.retentionCount)
        viewing = SeededGenerator(plan.seed ^ 0x2545_F491_4F6C_DD1D)
        random = SeededGenerator(plan.seed ^ 0xA5A5_5A5A_0F0F_F0F0)
        trace = Trace(keepsLines: keepsTrace)
        directory = try ScratchDirectory()
        truth = GroundTruth(violations)
        ledger = Ledger(violations, truth, longestCycle: Double(plan.commitTime + Int64(Pacing.gather) + 1))
        supervisor = SimulatedSupervisor(clock: clock, truth: truth, violations: violations, mutation: mutation)
        disk = SimulatedDisk(
            try SQLiteStore(path: directory.path("queue.db")), clock: clock, ledger: ledger, mutation: mutation)
    }

    /// The most things that may happen before a life counts as one without end.
    private static let limit = 3_000_000

    func run() throws {
        try makeOutputDirectory()
        ledger.isKept = { [unowned self] in self.isKept($0) }
        ledger.isAsked = { [unowned self] in self.isAsked($0, $1) }
        for (index, step) in plan.steps.enumerated() { agenda.enter(.step(index), at: step.at) }
        agenda.enter(.engineStarts, at: 0)
        agenda.enter(.calm, at: plan.span + 1)
        while !isDone, violations.isEmpty, let next = agenda.next() {
            clock.advance(to: next.time)
            statistics.happenings += 1
            guard clock.elapsed <= deadline, statistics.happenings < Self.limit else {
                violations.add("not everything came to an end: \(unfinishedTasks)")
                break
            }
            try happen(next.entry)
            try checkQuiet()
            try checkViews()
        }
        statistics.turns = disk.commits
        statistics.starts = truth.starts
        statistics.virtualTime = clock.elapsed
        engine?.core.endCleaning()
        engine = nil
        try disk.store.close()
    }

    private func happen(_ happening: Happening) throws {
        switch happening {
        case .step(let index): try perform(plan.steps[index].deed)
        case .engineStarts: try startEngine()
        case .engineWakes(let life): if engine?.life == life, engine?.wakeAt ?? .max <= clock.elapsed { try turnEngine() }
        case .effects(let life): if engine?.life == life { letOut() }
        case .connect(let life): connect(life)
        case .toSupervisor(let generation): deliverToSupervisor(generation)
        case .toEngine(let generation): deliverToEngine(generation)
        case .engineGone(let generation): engineGone(generation)
        case .supervisorGone(let generation): supervisorGone(generation)
        case .linkBreaks(let times): loseLink(times: times)
        case .supervisorStarts: startSupervisor()
        case .supervisorWakes: turnSupervisor()
        case .processEnds(let attempt): processEnds(attempt)
        case .processKilled(let attempt): processKilled(attempt)
        case .processWrites(let attempt): processWrites(attempt)
        case .worker(let attempt, let deed): act(attempt, deed)
        case .engineReads(let life): engineReads(life)
        case .send(let number): send(number)
        case .shortageEnds:
            supervisor.isShort = shortUntil > clock.elapsed
            turnSupervisor()
        case .calm: try calm()
        case .bound: setDeadline()
        case .sweep: try sweep()
        }
    }

    func note(_ text: @autoclosure () -> String) { trace.note(clock.elapsed, text()) }
    func later(_ happening: Happening, in milliseconds: Int64) { agenda.enter(happening, at: clock.elapsed + milliseconds) }

    var configuration: Configuration {
        var configuration = Configuration()
        configuration.pools = pools.map { settings in
            var pool = PoolConfiguration(settings: settings)
            if settings.warm != nil { pool.workerCommand = ["worker"] }
            if let poison = poisons[settings.name], mutation != .skipOrderCheck {
                pool.environment.merge(poison.variables) { $1 }
            }
            return pool
        }
        configuration.limits = limits
        configuration.routes = routes
        configuration.budgets = budgets
        configuration.agents = [SimulatedAgent.name: SimulatedAgent.definition]
        configuration.longestWait = SimulatedAgent.longestWait
        configuration.retentionAge = retention.age
        configuration.retentionCount = retention.count
        return configuration
    }

    private var unfinishedTasks: String {
        ledger.unfinished.sorted().prefix(5).compactMap { ledger.tasks[$0] }
            .map { "task \($0.id) in \($0.pool) is \($0.phase)" }.joined(separator: ", ")
    }
}

/// What a life, or many, had in it.
public struct Statistics: Sendable {
    public var happenings = 0
    public var turns = 0
    public var starts = 0
    public var faults = 0
    public var requests = 0
    /// Milliseconds.
    public var virtualTime: Int64 = 0

    public init() {}

    public mutating func add(_ other: Statistics) {
        happenings += other.happenings
        turns += other.turns
        starts += other.starts
        faults += other.faults
        requests += other.requests
        virtualTime += other.virtualTime
    }
}
