import OrchProtocol
import Scheduling

/// The counts that answers are made of, kept in step with the rows. They belong to a transaction: a copy is taken when it begins,
/// and put back if it does not come to its commit. That of the last commit is read without touching the database.
public struct Tally: Sendable {
    /// What is counted of a pool.
    private struct Counts: Sendable {
        var tasks = TaskCounts()
        /// The same, as the database has it.
        var stored = TaskCounts()
        var live = LiveCounts()
        /// The ready tasks in each lane. Not stored: they are counted when the database is opened.
        var lanes: [String: Int] = [:]
    }

    private var pools: [String: Counts] = [:]
    private(set) var queued = 0
    /// Whether a task has ever been submitted by another, as far as is known, and whether some that have ended have children left.
    var hasTrees = false
    var hasEndings = false
    /// Warm workers without a task.
    var workers = 0
    /// Questions that nobody has answered yet.
    public internal(set) var openQuestions = 0
    /// The running tasks that are in a lane, over all pools.
    public private(set) var busyLanes: [String: Int] = [:]
    public internal(set) var gates: [String: Gate] = [:]

    mutating func load(_ count: Int, in pool: String, _ phase: Phase) {
        pools[pool, default: Counts()].tasks[phase] = count
        pools[pool, default: Counts()].stored[phase] = count
        if phase.isQueued { queued += count }
    }

    mutating func add(_ count: Int, at place: TaskItem.Place) {
        if !place.lane.isEmpty { addToLane(count, at: place) }
        pools[place.pool, default: Counts()].tasks[place.phase] += count
        assert(tasks(in: place.pool)[place.phase] >= 0, "a pool has fewer tasks than none that are \(place.phase)")
        if place.phase.isQueued { queued += count }
    }

    mutating func addToLane(_ count: Int, at place: TaskItem.Place) {
        func add(to lanes: inout [String: Int]) {
            let sum = (lanes[place.lane] ?? 0) + count
            assert(sum >= 0, "the lane \(place.lane) has \(sum) tasks that are \(place.phase)")
            lanes[place.lane] = sum == 0 ? nil : sum
        }
        switch place.phase {
        case .ready: add(to: &pools[place.pool, default: Counts()].lanes)
        case .active: add(to: &busyLanes)
        default: break
        }
    }

    mutating func move(from old: TaskItem.Place, to new: TaskItem.Place) {
        guard old != new else { return }
        add(-1, at: old)
        add(1, at: new)
    }

    mutating func addLive(_ count: Int, in pool: String, state: Attempt.State) {
        switch state {
        case .dispatched: pools[pool, default: Counts()].live.dispatched += count
        case .running: pools[pool, default: Counts()].live.running += count
        case .ended: break
        }
        assert(min(live(in: pool).dispatched, live(in: pool).running) >= 0, "a pool has fewer live attempts than none")
    }

    /// The numbers that the database has otherwise.
    var changed: [(pool: String, phase: Phase, count: Int)] {
        pools.flatMap { name, counts in
            counts.tasks == counts.stored
                ? [] : Phase.allCases.filter { counts.tasks[$0] != counts.stored[$0] }.map { (name, $0, counts.tasks[$0]) }
        }
    }

    mutating func markStored() {
        for (name, counts) in pools where counts.tasks != counts.stored { pools[name]?.stored = counts.tasks }
    }

    public func tasks(in pool: String) -> TaskCounts { pools[pool]?.tasks ?? TaskCounts() }
    public func live(in pool: String) -> LiveCounts { pools[pool]?.live ?? LiveCounts() }
    public func lanes(in pool: String) -> [String: Int] { pools[pool]?.lanes ?? [:] }

    /// How many tasks are final.
    var final: Int {
        pools.values.reduce(0) { sum, counts in Phase.allCases.reduce(sum) { $1.isFinal ? $0 + counts.tasks[$1] : $0 } }
    }

    public var occupiedPools: [String] {
        pools.filter { _, counts in Phase.allCases.contains { counts.tasks[$0] > 0 } }.keys.sorted()
    }
}

extension TaskCounts {
    fileprivate subscript(phase: Phase) -> Int {
        get {
            switch phase {
            case .ready: ready
            case .delayed: delayed
            case .held: held
            case .active: running
            case .succeeded: succeeded
            case .failed: failed
            case .cancelled: cancelled
            case .expired: expired
            }
        }
        set {
            switch phase {
            case .ready: ready = newValue
            case .delayed: delayed = newValue
            case .held: held = newValue
            case .active: running = newValue
            case .succeeded: succeeded = newValue
            case .failed: failed = newValue
            case .cancelled: cancelled = newValue
            case .expired: expired = newValue
            }
        }
    }
}
