/// The numbers of a pool's workers: 1 to `count`, the lowest free one first.
struct PoolSlots {
    /// Fewer than are in use is fine: nothing new starts until enough have ended.
    var count: UInt32 = 0
    private var usedCount = 0
    /// A bit for each number in use, 64 to a word; 1 is the lowest bit of the first. Thousands are looked through in a
    /// hundred steps.
    private var used: [UInt64] = []
    /// No number in an earlier word is free.
    private var firstWord = 0

    var hasFree: Bool { usedCount < Int(count) }

    mutating func take() -> UInt32? {
        guard hasFree else { return nil }
        while firstWord < used.count, used[firstWord] == .max { firstWord += 1 }
        let bit = firstWord < used.count ? (~used[firstWord]).trailingZeroBitCount : 0
        let slot = UInt32(firstWord * 64 + bit + 1)
        // After shrinking, all low numbers may be free again while high ones are still in use, but never the other way round.
        guard slot <= count else { return nil }
        occupy(slot)
        return slot
    }

    /// Takes a certain one, which a former version of the supervisor had given.
    mutating func occupy(_ slot: UInt32) {
        guard let (word, bit) = Self.place(slot) else { return }
        if word >= used.count { used += Array(repeating: 0, count: word - used.count + 1) }
        guard used[word] & bit == 0 else { return }
        used[word] |= bit
        usedCount += 1
    }

    mutating func free(_ slot: UInt32) {
        guard let (word, bit) = Self.place(slot), word < used.count, used[word] & bit != 0 else { return }
        used[word] &= ~bit
        usedCount -= 1
        firstWord = min(firstWord, word)
    }

    /// Nil for 0, the slot of those that never had one.
    private static func place(_ slot: UInt32) -> (word: Int, bit: UInt64)? {
        guard slot > 0 else { return nil }
        let index = Int(slot - 1)
        return (index / 64, 1 << UInt64(index % 64))
    }
}
