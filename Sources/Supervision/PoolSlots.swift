/// The numbers of a pool's workers: 1 to `count`, the lowest free one first.
struct PoolSlots {
    /// Fewer than are in use is fine: nothing new starts until enough have ended.
    var count: UInt32 = 0
    private var used: Set<UInt32> = []
    /// No number below it is free.
    private var candidate: UInt32 = 1

    var hasFree: Bool { used.count < Int(count) }

    mutating func take() -> UInt32? {
        guard hasFree else { return nil }
        while used.contains(candidate) { candidate += 1 }
        // After shrinking, all low numbers may be free again while high ones are still in use, but never the other way round.
        guard candidate <= count else { return nil }
        used.insert(candidate)
        return candidate
    }

    /// Takes a certain one, which a former version of the supervisor had given.
    mutating func occupy(_ slot: UInt32) { used.insert(slot) }

    mutating func free(_ slot: UInt32) {
        guard used.remove(slot) != nil else { return }
        candidate = min(candidate, slot)
    }
}
