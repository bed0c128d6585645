/// What the scheduler knows from turn to turn, beside what is in the store.
///
/// Everything that must outlive the engine is in the store. What is kept here is what a new engine learns again at once: the
/// configuration, whether the supervisor is there, and how fast the pools have been lately.
public struct SchedulerState: Sendable {
    /// How many rows of a kind one turn moves at most; what is left is for the next, which follows at once.
    static let stride = 2_000

    var settings: [String: PoolSettings] = [:]
    var rules = Rules()
    /// How many tasks may be queued.
    let mostQueued: Int
    var runAhead: [String: RunAhead] = [:]
    var isConnected = false
    /// Whether the events say that the supervisor is there.
    var isAnnounced = false
    public internal(set) var isDraining = false
    /// Attempts that still start must be ended.
    var isStopping = false
    /// The tasks that wait at their doors.
    var waiting = Waiting()
    /// How many attempts of each pool beyond its slots the supervisor was told that it may run.
    var lentTold: [String: Int] = [:]
    /// Requests that wait for tasks to be taken back.
    var waitingChanges: [WaitingChange] = [] {
        didSet { keptBack = waitingChanges.reduce(into: []) { $0.formUnion($1.tasks) } }
    }
    /// The tasks of these, none of which is dispatched.
    private(set) var keptBack: Set<Int64> = []

    public init(mostQueued: Int = 2_000_000) { self.mostQueued = mostQueued }

    /// Takes a turn: decides on everything that happened since the last one.
    ///
    /// - Parameters:
    ///   - cycle: how many milliseconds pass from the end of an attempt to the arrival of what is launched in its place, lately.
    /// - Throws: what the transaction throws. The turn has then had no effect, and this is as it was.
    public mutating func turn(
        _ inputs: [Input], in store: some TaskTransaction, now: Now, cycle: Double = 0
    ) throws -> TurnResult {
        var turn = Turn(self, in: store, now: now)
        let result = try turn.run(inputs, cycle: cycle)
        self = turn.state
        return result
    }
}
