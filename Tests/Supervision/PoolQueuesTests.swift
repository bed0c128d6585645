import TestSupport
import Testing

@testable import Supervision

@Suite struct PoolQueuesTests {
    @Test func poolsAreServedInOrderAndApart() {
        var queues = PoolQueues<String>()
        for attempt in UInt64(1)...6 { queues.enqueue(attempt, pool: attempt % 2 == 0 ? "b" : "a", "\(attempt)", size: 10) }
        #expect(queues.next() == nil)
        queues.setSlots(of: "a", to: 2)
        #expect(queues.next().map { [$0.attempt, UInt64($0.slot)] } == [1, 1])
        #expect(queues.next().map { [$0.attempt, UInt64($0.slot)] } == [3, 2])
        #expect(queues.next() == nil)
        #expect(queues.withdraw(5) == "5" && queues.withdraw(5) == nil && queues.withdraw(1) == nil)
        queues.free(1, of: "a")
        #expect(queues.next() == nil && !queues.hasWaiting(in: "a") && queues.hasWaiting(in: "b"))
        #expect(queues.waitingAttempts == [2, 4, 6] && queues.waitingSize == 30)
        queues.setSlots(of: "b", to: 1)
        #expect(queues.next()?.order == "2")
    }

    @Test func theLowestFreeSlotIsNext() {
        var slots = PoolSlots()
        slots.count = 3
        #expect([slots.take(), slots.take(), slots.take(), slots.take()] == [1, 2, 3, nil])
        slots.free(2)
        slots.free(1)
        slots.free(1)
        #expect([slots.take(), slots.take(), slots.take()] == [1, 2, nil])
        slots.count = 1
        slots.free(1)
        #expect(slots.take() == nil, "two of three are still in use")
        slots.free(2)
        slots.free(3)
        #expect([slots.take(), slots.take()] == [1, nil])
    }

    @Test func thousandsOfSlotsAreGivenLikeAFew() throws {
        var slots = PoolSlots()
        slots.count = 1_000
        var used: Set<UInt32> = []
        var random = SeededGenerator(20_261_122)
        for _ in 0..<20_000 {
            if used.count < 1_000, Bool.random(using: &random) {
                let lowest = (1...1_000).first { !used.contains($0) }
                try #require(slots.take() == lowest)
                if let lowest { used.insert(lowest) }
            } else if let slot = used.sorted().randomElement(using: &random) {
                slots.free(slot)
                used.remove(slot)
            }
        }
        #expect(slots.hasFree == (used.count < 1_000))
    }

    @Test func comingAndGoingKeepsNothing() throws {
        var queues = PoolQueues<Int>()
        for attempt in UInt64(1)...100_000 {
            queues.enqueue(attempt, pool: "p", 0, size: 1)
            try #require(queues.withdraw(attempt) == 0)
        }
        queues.enqueue(100_001, pool: "p", 7)
        queues.setSlots(of: "p", to: 1)
        #expect(queues.next()?.order == 7 && queues.waitingSize == 0)
    }
}
