/// When a machine has too little memory for more tasks.
public struct Admission: Sendable, Equatable {
    /// Starts wait while all that would run on the machine has lately waited for memory for more than this part of its time, in percent.
    /// Nil for whatever it does.
    public var memoryPressure: Double?
    /// How much memory pools may set aside for their attempts in all; nil where that is not known.
    public var memory: Int64?

    public init(memoryPressure: Double? = nil, memory: Int64? = nil) {
        self.memoryPressure = memoryPressure
        self.memory = memory
    }

    /// Whether so much pressure is too much.
    public func isTooMuch(_ pressure: Double?) -> Bool {
        guard let limit = memoryPressure, let pressure else { return false }
        return pressure > limit
    }

    /// What the attempts that live have been set aside; as much as can be said, where it is more.
    public static func reserved(_ pools: some Sequence<PoolSettings>, live: (String) -> LiveCounts) -> Int64 {
        pools.reduce(0) { sum, pool in
            guard let each = pool.reserve else { return sum }
            let live = live(pool.name)
            let (own, isTooLarge) = each.multipliedReportingOverflow(by: Int64(live.dispatched + live.running))
            let (all, isMore) = sum.addingReportingOverflow(own)
            return isTooLarge || isMore ? .max : all
        }
    }
}

/// What is left of the memory that can be set aside, while attempts are chosen.
struct MemoryLeft {
    private var left: Int64?
    /// While nothing is reserved, any attempt may start: one that is larger than the machine would otherwise wait forever.
    private var isUntouched: Bool
    /// All that holds memory waits at its door, so that one that it waits for may have more: otherwise they would all wait forever.
    private var isAllWaiting: Bool
    /// Something waits for memory, and what matters less must not take it.
    private var isAwaited = false

    init(_ admission: Admission, reserved: Int64, isAllWaiting: Bool = false) {
        left = admission.memory.map { $0 - reserved }
        isUntouched = reserved == 0
        self.isAllWaiting = isAllWaiting
    }

    /// Sets aside what an attempt of the pool needs; whether there is so much.
    ///
    /// - Parameter kin: whether it is below a task that waits.
    mutating func take(for pool: PoolSettings, kin: Bool = false) -> Bool {
        guard let reserve = pool.reserve, let left else { return true }
        assert(reserve >= 0, "the pool \(pool.name) sets aside less than nothing")
        guard !isAwaited, reserve <= left || isUntouched || (kin && isAllWaiting) else {
            isAwaited = true
            return false
        }
        self.left = left - reserve
        (isUntouched, isAllWaiting) = (false, false)
        return true
    }
}
