import CLinux
import Glibc
import Platform
import SupervisorLink

/// The parent of all workers.
///
/// One thread, one loop. A turn takes the events, ends what has ended, makes those ends survive, starts what can start, and tells
/// the engine, in this order. The decisions are in values without I/O (`PoolQueues`, `PolicyCheck`, `Outbox`); this class and its
/// extensions connect them to the kernel.
final class Supervisor {
    /// What an event is about.
    enum Source {
        case listener
        case signals
        case engine
        case leader(UInt64)
        case cgroup(UInt64)
        case worktree(UInt64)
        case helper(pid_t)
        case lifeline
    }

    /// An order whose turn has not come.
    struct WaitingOrder {
        let launch: LaunchOrder
        let descriptors: [Descriptor]

        /// Bytes of memory, roughly.
        var size: Int { (launch.arguments + launch.environment).reduce(512) { $0 + $1.count + 32 } }
    }

    /// The most orders that may wait. An engine keeps a few per slot; one that sends without end must not cost all memory.
    static let maximumWaiting = 16_384
    /// And how much memory they may take, in bytes.
    static let maximumWaitingSize = 64 << 20
    static let maximumPools = 4096
    /// The most answers that an engine may have outstanding.
    static let maximumAnswers = 65_536
    /// The most ends that an engine may leave unacknowledged while it is connected.
    static let maximumUnacknowledged = 262_144
    /// How often orphans are reaped before anything else gets its turn.
    static let reapsPerTurn = 32
    /// How long an engine may take nothing from the socket, in milliseconds.
    static let sendPatience: Int64 = 60_000

    let configuration: SupervisorConfiguration
    let loop: EventLoop<Source>
    let signals: Descriptor
    let state: StateFile
    let exits: ExitStore
    let results: ResultLinks
    let workspaces: Workspaces
    let credentials: Credentials
    let places: Doors
    let cgroups: CgroupTree?
    /// Only where there are no cgroups.
    let orphans: Orphans?
    let listener: LinkListener
    let notifier = Notifier()
    let lifeline: Descriptor?
    var lifelineToken: EventLoop<Source>.Token?
    /// Our own soft RLIMIT_NOFILE at the start, which children get back.
    let descriptorLimit: spawn_limit
    let ownNice: Int32
    /// When this program took over or started, in milliseconds since 1970.
    let executedAt = Clock.realTime

    var policyCheck: PolicyCheck
    var queues = PoolQueues<WaitingOrder>()
    var running: [UInt64: RunningAttempt] = [:]
    /// The attempts of leaders that have not been reaped, by pid.
    var leaders: [pid_t: UInt64] = [:]
    /// The attempts with a `killAt`.
    var stopping: Set<UInt64> = []
    /// Ends of this turn that the exit store has not taken yet.
    var fresh: [UnacknowledgedEnd] = []
    /// The places in the table of attempts that have ended, but whose ends no file holds, because there is no space: were we to
    /// die now, the next supervisor must still know that they had started.
    var unsafeEntries: [UInt64: Int] = [:]
    /// What attempts have used whose ends are not acknowledged, as far as this program has seen them end.
    var measures: [UInt64: Measures] = [:]
    /// Our ends of the channels to warm workers, until their ends are acknowledged: an engine reads what they have said, also after
    /// they have ended.
    var channels: [UInt64: Descriptor] = [:]
    /// Those of attempts that run.
    var doors: [UInt64: Door] = [:]
    var workspaceRemovals = WorkspaceRemovals()

    var engine: LinkConnection?
    var outbox = Outbox()
    /// Milliseconds.
    var gather: Int64 = 0

    var listenerToken: EventLoop<Source>.Token?
    /// When to listen again after a shortage of descriptors.
    var listenAgainAt: Int64?
    var flushAt: Int64?
    /// What was last said of an engine in the log, and when, on the monotonic clock.
    var lastComplaint: (message: String, time: Int64)?
    /// Children may have ended that no pidfd reports.
    var mustLookForOrphans = false
    var isStopping = false
    /// When a signal asked for the new version, on the monotonic clock; nil if none did, or it is done.
    var replaceAskedAt: Int64?
    /// Asked then what it can hold.
    var successor: Successor?

    init(_ configuration: SupervisorConfiguration, policy: Policy?, handover: Handover?) throws(SystemError) {
        self.configuration = configuration
        loop = try EventLoop()
        let directory = try Supervisor.openStateDirectory(configuration.stateDirectory)
        state = try StateFile(in: directory)
        exits = try ExitStore(in: directory, discarding: state.isNew)
        let kept = Set((handover?.running ?? []).map(\.entry))
        let alive = (handover?.running ?? []).compactMap { try? StartReport(decoding: $0.start[...]).attempt }
        exits.append(
            Supervisor.lost(
                state.leftRunning.filter { [exits] in
                    exits.reports[$0.attempt] == nil && !alive.contains($0.attempt)
                }))
        state.clearTable(keeping: kept)
        results = ResultLinks(in: directory, unacknowledged: exits.reports.keys)
        workspaces = try Workspaces(configuration.workDirectory)
        let names = Set((handover?.running ?? []).map(\.name))
        credentials = try Credentials(
            from: getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) },
            in: configuration.stateDirectory + "/credentials", keeping: names)
        places = Doors(in: configuration.stateDirectory, keeping: (handover?.doors ?? [:]).values)
        cgroups = try CgroupTree.open(configuration.cgroups, keeping: names)
        orphans = cgroups == nil ? Orphans() : nil
        if orphans != nil { try SystemError.check("become the parent of orphans", linux_become_subreaper()) }

        var numbers = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR2]
        if orphans != nil { numbers.append(SIGCHLD) }
        signals = try Descriptor(linux_signal_descriptor(numbers, Int32(numbers.count)), "watch signals")
        var limit = spawn_limit(resource: UInt32(RLIMIT_NOFILE.rawValue), soft: 1024, hard: 4096)
        try SystemError.check("read the limits", linux_get_limit(limit.resource, &limit.soft, &limit.hard))
        if let handover { limit.soft = handover.descriptorLimit }
        descriptorLimit = limit
        _ = linux_set_limit(limit.resource, limit.hard, limit.hard)
        let score = SmallFile.text("/proc/self/oom_score_adj")?.split(separator: "\n").first.flatMap { Int32($0) }
        policyCheck = PolicyCheck(
            policy: policy, ownOOMScore: score ?? 0, engineUser: geteuid() == 0 ? configuration.engineUser : nil)
        ownNice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)

        lifeline = configuration.lifeline.map { Descriptor($0) }
        if let lifeline { lifelineToken = try loop.add(lifeline, .read, .lifeline) }
        let engineUser = configuration.engineUser
        if let handover {
            listener = try LinkListener(inherited: handover.listener, engineUser: engineUser)
        } else {
            listener = try LinkListener(configuration.link, engineUser: engineUser)
        }
        listenerToken = try loop.add(listener.socket, .read, .listener)
        _ = try loop.add(signals, .read, .signals)
        if let handover { try takeOver(handover) }
    }

    private static func openStateDirectory(_ path: String) throws(SystemError) -> Descriptor {
        try makeDirectory(path)
        return try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
    }

    /// What was running when the last supervisor was killed has been killed with it.
    private static func lost(_ started: [StartReport]) -> [EndReport] {
        let (now, monotonic) = (Clock.realTime, Clock.monotonic)
        return started.map {
            EndReport(start: $0, ending: .lost, code: 0, endedAt: now, endedMonotonic: monotonic)
        }
    }
}

/// An end on its way into the exit store.
struct UnacknowledgedEnd {
    let report: EndReport
    let pool: String
    /// Its place in the state file, if it ever ran.
    let entry: Int?
}

extension Supervisor {
    /// Serves until a signal ends it.
    func run() {
        notifier.ready()
        announceReadiness()
        // What a former version has left to be done.
        settle()
        while !(isStopping && running.isEmpty) { turn() }
        // The engine learns of the last ends now, or from the next supervisor.
        flushOutbox()
        unlink(configuration.link)
        workspaces.removeSpares()
    }

    private func turn() {
        for event in loop.wait(timeout: timeout()) {
            guard let source = loop.source(of: event.token) else { continue }
            switch source {
            case .listener: acceptEngine()
            case .signals: takeSignals()
            case .engine: serveEngine(event)
            case .leader(let attempt): leaderEnded(attempt)
            case .cgroup(let attempt): cgroupChanged(attempt)
            case .worktree(let attempt): worktreeReported(attempt)
            case .helper(let pid): helperEnded(pid)
            case .lifeline: lifelineEnded()
            }
        }
        settle()
    }

    /// Everything that follows from the events.
    private func settle() {
        runTimers(now: Clock.monotonic)
        if mustLookForOrphans { settleOrphans() }
        commitEnds()
        startAndTell()
        guard replaceAskedAt != nil else { return }
        replaceIfReady()
        // What was held back for a version that is not executed starts now: perhaps nothing else happens.
        if replaceAskedAt == nil { startAndTell() }
    }

    private func startAndTell() {
        startWaiting()
        commitEnds()
        startHelpers()
        flushOutbox()
    }

    /// Milliseconds to the next timer; nil if there is none, and the process sleeps until something happens.
    private func timeout() -> Int64? {
        if mustLookForOrphans { return 0 }
        var next: Int64?
        func consider(_ time: Int64?) {
            if let time { next = min(next ?? time, time) }
        }
        consider(flushAt)
        consider(listenAgainAt)
        consider(notifier.pingAt)
        if let successor, successor.answer == nil { consider(successor.deadline) }
        if isHolding { consider(replaceAskedAt.map { $0 + Supervisor.holdingTime }) }
        consider(engine?.blockedSince.map { $0 + Supervisor.sendPatience })
        for attempt in stopping { consider(running[attempt]?.killAt) }
        return next.map { max(0, $0 - Clock.monotonic) }
    }

    private func runTimers(now: Int64) {
        notifier.pingIfDue(now)
        endSilentSuccessor(now: now)
        if let time = flushAt, time <= now { flushAt = nil }
        if let time = listenAgainAt, time <= now {
            listenAgainAt = nil
            listenerToken = try? loop.add(listener.socket, .read, .listener)
            if listenerToken == nil { listenAgainAt = now + 1000 }
        }
        if let since = engine?.blockedSince, since + Supervisor.sendPatience <= now {
            dropEngine(.violation("takes nothing from the link"))
        }
        for attempt in stopping {
            if let time = running[attempt]?.killAt, time <= now { kill(attempt) }
        }
    }

    private func announceReadiness() {
        guard let descriptor = configuration.readyDescriptor else { return }
        var byte = UInt8(ascii: "\n")
        _ = write(descriptor, &byte, 1)
        close(descriptor)
    }
}
