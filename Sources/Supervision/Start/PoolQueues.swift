/// Which order starts next: first in, first out for each pool, as soon as the pool has a free slot. No clock, no I/O.
package struct PoolQueues<Order> {
    package struct Start {
        package let attempt: UInt64
        package let order: Order
        package let slot: UInt32
    }

    private struct Waiting {
        let pool: String
        let order: Order
        let size: Int
    }

    private struct Pool {
        var slots = PoolSlots()
        /// May name attempts that have been withdrawn; they are skipped.
        var line: [UInt64] = []
        var head = 0
        var waiting = 0
    }

    private var pools: [String: Pool] = [:]
    private var orders: [UInt64: Waiting] = [:]
    /// The sum of the sizes of all that wait, in bytes.
    private(set) var waitingSize = 0
    /// Pools in which something may have become startable.
    private var woken: Set<String> = []

    package init() {}

    package var waitingCount: Int { orders.count }
    var poolCount: Int { pools.count }
    func knows(_ pool: String) -> Bool { pools[pool] != nil }
    /// In the order of their numbers.
    package var waitingAttempts: [UInt64] { orders.keys.sorted() }

    package func isWaiting(_ attempt: UInt64) -> Bool { orders[attempt] != nil }
    package func hasWaiting(in pool: String) -> Bool { (pools[pool]?.waiting ?? 0) > 0 }
    package func order(of attempt: UInt64) -> Order? { orders[attempt]?.order }

    package mutating func enqueue(_ attempt: UInt64, pool: String, _ order: Order, size: Int = 0) {
        orders[attempt] = Waiting(pool: pool, order: order, size: size)
        waitingSize += size
        pools[pool, default: Pool()].line.append(attempt)
        pools[pool]?.waiting += 1
        woken.insert(pool)
    }

    /// Takes an order out of the line; nil if it is not waiting.
    @discardableResult
    package mutating func withdraw(_ attempt: UInt64) -> Order? {
        guard let waiting = take(attempt), var pool = pools[waiting.pool] else { return nil }
        pool.waiting -= 1
        assert(pool.waiting >= 0, "pool \(waiting.pool) has no fewer orders than none")
        // Orders that come and go without a start must not make the line longer and longer.
        if pool.line.count > 64 + 2 * pool.waiting {
            pool.line = pool.line[pool.head...].filter { orders[$0] != nil }
            pool.head = 0
        }
        pools[waiting.pool] = pool
        return waiting.order
    }

    private mutating func take(_ attempt: UInt64) -> Waiting? {
        guard let waiting = orders.removeValue(forKey: attempt) else { return nil }
        waitingSize -= waiting.size
        assert(waitingSize >= 0 && (waitingSize == 0 || !orders.isEmpty), "the orders that wait have \(waitingSize) bytes")
        return waiting
    }

    package mutating func setSlots(of pool: String, to count: UInt32) {
        pools[pool, default: Pool()].slots.count = count
        woken.insert(pool)
    }

    package var slotCounts: [String: UInt32] { pools.mapValues(\.slots.count) }

    package mutating func occupy(_ slot: UInt32, of pool: String) { pools[pool, default: Pool()].slots.occupy(slot) }

    package mutating func free(_ slot: UInt32, of pool: String) {
        pools[pool]?.slots.free(slot)
        woken.insert(pool)
    }

    /// The next order that may start now; its slot is taken.
    package mutating func next() -> Start? {
        while let name = woken.first {
            if let start = next(in: name) { return start }
            woken.remove(name)
        }
        return nil
    }

    /// The head of the pool's line, if it may start now.
    private mutating func next(in name: String) -> Start? {
        guard var pool = pools[name] else { return nil }
        defer { pools[name] = pool }
        guard pool.slots.hasFree else { return nil }
        while pool.head < pool.line.count {
            let attempt = pool.line[pool.head]
            guard orders[attempt] != nil else {
                pool.head += 1
                continue
            }
            guard let slot = pool.slots.take(), let waiting = take(attempt) else { return nil }
            pool.head += 1
            pool.waiting -= 1
            if pool.head > 64 && pool.head * 2 > pool.line.count {
                pool.line.removeFirst(pool.head)
                pool.head = 0
            }
            return Start(attempt: attempt, order: waiting.order, slot: slot)
        }
        pool.line.removeAll()
        pool.head = 0
        return nil
    }
}

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
        assert(Self.place(slot).map { $0.word >= used.count || used[$0.word] & $0.bit == 0 } ?? false, "slot \(slot) is free")
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
        assert(usedCount > 0, "a slot is in use, and so is at least one")
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
