/// How many attempts beyond its slots a pool is handed, so that no slot waits for a commit between two short tasks.
///
/// It follows from the two times that matter: how long a turn takes until its launches reach the supervisor, and how long the
/// pool's tasks run. Both are running averages over the recent past; a pool that is new, or whose tasks are long, gets none.
package struct RunAhead: Sendable, Equatable {
    /// Enough for the fastest tasks there are, and few enough to take back when something more urgent comes.
    static let maximum = 512

    /// Milliseconds.
    private var taskTime: Double?

    package init() {}

    package mutating func observe(taskTime milliseconds: Int64) {
        // The clock's resolution is a millisecond; starting and reaping a process takes about half of one.
        let sample = max(Double(milliseconds), 0.5)
        taskTime = taskTime.map { $0 + (sample - $0) / 8 } ?? sample
    }

    /// - Parameters:
    ///   - cycle: milliseconds from an end to the arrival of what the next turn launches.
    package func depth(slots: Int, cycle: Double) -> Int {
        guard let taskTime, slots > 0 else { return 0 }
        // Three times as much, because both times vary, and a slot that runs dry costs more than an order that is taken back.
        let needed = 3 * cycle * Double(slots) / taskTime
        // A task that is long against the cycle loses nothing by waiting for it.
        return needed < 0.25 * Double(slots) ? 0 : Int(min(needed.rounded(.up), Double(Self.maximum)))
    }
}
