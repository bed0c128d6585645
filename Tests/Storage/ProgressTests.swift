import OrchProtocol
import Scheduling
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite struct ProgressTests {
    /// Whoever waits for the writer hears of it again and again in a long transaction, whatever it is that takes so long.
    @Test func aLongTransactionTellsThatItGoesOn() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let reports = Mutex(0)
        store.whileWriting { reports.withLock { $0 += 1 } }
        func count(_ body: (SQLiteTransaction) throws -> Void) throws -> Int {
            reports.withLock { $0 = 0 }
            try store.transaction(body)
            return reports.withLock { $0 }
        }
        let tasks = 2_000
        var ids: [Int64] = []
        #expect(
            try count { transaction in for _ in 0..<tasks { ids.append(try transaction.insert(item(), input: nil)) } } >= tasks
                / 40)
        #expect(try count { transaction in for id in ids { try transaction.move(id, to: .held) } } >= tasks / 40)
        let event = Event(at: Timestamp(milliseconds: 1), kind: .taskQueued)
        #expect(try count { _ = try $0.append(Array(repeating: event, count: 20_000)) } >= 20)
        #expect(
            try count { transaction in try transaction.remove(try ids.compactMap { try transaction.task($0) }) } >= tasks / 40)
    }
}
