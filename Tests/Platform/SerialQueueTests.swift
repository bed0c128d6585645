import Glibc
import Synchronization
import Testing

@testable import Platform

@Suite struct SerialQueueTests {
    @Test func workIsDoneInItsOrderAndToTheEnd() throws {
        let done = Mutex<[Int]>([])
        var queue: SerialQueue? = try SerialQueue("test")
        for number in 0..<1000 { queue?.async { done.withLock { $0.append(number) } } }
        queue?.waitUntilIdle()
        #expect(done.withLock { $0 } == Array(0..<1000))
        // What is asked for last is done, though the queue is given up at once.
        let last = Semaphore()
        for number in 0..<10 { queue?.async { if number == 9 { last.signal() } } }
        queue = nil
        last.wait()
    }

    @Test func manyMayAskAtOnce() throws {
        let queue = try SerialQueue("test")
        let sum = Mutex(0)
        let ready = Semaphore()
        for _ in 0..<4 {
            try startThread("asks") {
                for _ in 0..<1000 { queue.async { sum.withLock { $0 += 1 } } }
                queue.waitUntilIdle()
                ready.signal()
            }
        }
        for _ in 0..<4 { ready.wait() }
        #expect(sum.withLock { $0 } == 4000)
    }

    /// A thread that cannot be had is an error at once, and its work is let go of.
    @Test func noThreadIsAnError() throws {
        final class Held: Sendable {}
        weak var held: Held?
        let error = #expect(throws: SystemError.self) {
            let own = Held()
            held = own
            try startThread("huge", stack: 1 << 50) { withExtendedLifetime(own) {} }
        }
        #expect(error?.description.contains("start a thread") == true)
        #expect(held == nil)
    }
}
