import OrchProtocol
import Scheduling

/// The counts that answers are made of, kept in step with the rows. They belong to a transaction: a copy is taken when it begins,
/// and put back if it does not come to its commit. That of the last commit is read without touching the database.
public struct Tally: Sendable {
    private(set) var tasks: [TaskItem.Place: Int] = [:]
    private var live: [String: LiveCounts] = [:]
    private(set) var queued = 0
    /// Whether a task has ever been submitted by another, as far as is known, and whether some that have ended have children left.
    var hasTrees = false
    var hasEndings = false
    /// Warm workers without a task.
    var workers = 0
    /// Questions that nobody has answered yet.
    public internal(set) var openQuestions = 0
    /// The ready tasks of each pool that are in a lane. Not stored: they are counted when the database is opened.
    private var lanes: [String: [String: Int]] = [:]
    /// The running tasks that are in a lane, over all pools.
    public private(set) var busyLanes: [String: Int] = [:]
    public internal(set) var gates: [String: Gate] = [:]
    /// The places whose count in the database is out of date.
    private(set) var changed: Set<TaskItem.Place> = []

    mutating func load(_ place: TaskItem.Place, _ count: Int) {
        tasks[place] = count
        if place.phase.isQueued { queued += count }
    }

    mutating func add(_ count: Int, at place: TaskItem.Place) {
        var place = place
        if !place.lane.isEmpty {
            addToLane(count, at: place)
            place.lane = ""
        }
        let sum = tasks[place, default: 0] + count
        assert(sum >= 0, "a pool has \(sum) tasks that are \(place.phase)")
        tasks[place] = sum
        if place.phase.isQueued { queued += count }
        changed.insert(place)
    }

    mutating func addToLane(_ count: Int, at place: TaskItem.Place) {
        switch place.phase {
        case .ready:
            let sum = (lanes[place.pool]?[place.lane] ?? 0) + count
            assert(sum >= 0, "the lane \(place.lane) has \(sum) ready tasks")
            lanes[place.pool, default: [:]][place.lane] = sum == 0 ? nil : sum
            if lanes[place.pool]?.isEmpty == true { lanes[place.pool] = nil }
        case .active:
            let sum = (busyLanes[place.lane] ?? 0) + count
            assert(sum >= 0, "the lane \(place.lane) has \(sum) running tasks")
            busyLanes[place.lane] = sum == 0 ? nil : sum
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
        case .dispatched: live[pool, default: LiveCounts()].dispatched += count
        case .running: live[pool, default: LiveCounts()].running += count
        case .ended: break
        }
        assert(live[pool].map { min($0.dispatched, $0.running) >= 0 } ?? true, "a pool has fewer live attempts than none")
    }

    mutating func markStored() { changed.removeAll(keepingCapacity: true) }

    func count(_ pool: String, _ phase: Phase) -> Int {
        tasks[TaskItem.Place(pool: pool, phase: phase)] ?? 0
    }

    public func live(in pool: String) -> LiveCounts { live[pool] ?? LiveCounts() }
    public func lanes(in pool: String) -> [String: Int] { lanes[pool] ?? [:] }

    public func tasks(in pool: String) -> TaskCounts {
        var counts = TaskCounts()
        counts.ready = count(pool, .ready)
        counts.delayed = count(pool, .delayed)
        counts.held = count(pool, .held)
        counts.running = count(pool, .active)
        counts.succeeded = count(pool, .succeeded)
        counts.failed = count(pool, .failed)
        counts.cancelled = count(pool, .cancelled)
        counts.expired = count(pool, .expired)
        return counts
    }

    public var occupiedPools: [String] {
        Set(tasks.filter { $0.value > 0 }.keys.map(\.pool)).sorted()
    }
}
