import Foundation
import GRDB
import OrchProtocol
import Scheduling
import TestSupport
import Testing

@testable import Storage

@Suite struct BackupTests {
    let directory: ScratchDirectory
    var path: String { directory.path("queue.db") }
    var copy: String { directory.path("copy.db") }

    init() throws { directory = try ScratchDirectory() }

    @Test func aBackupIsOfOneMomentWhileTheQueueGoesOn() throws {
        let store = try SQLiteStore(path: path)
        try store.insert((0..<20_000).map { _ in item { $0.reason = String(repeating: "x", count: 400) } })
        var told: [Double] = []
        var added = 0
        let contents = try store.backUp(to: copy, at: 5) { part in
            told.append(part)
            // Between two steps the writer commits: neither waits for the other.
            try store.insert([item(phase: .succeeded)])
            added += 1
        }
        #expect(added > 1 && told == told.sorted() && told.last == 1)
        #expect(contents.tasks == 20_000 && contents.unfinished == 20_000 && contents.madeAt.milliseconds == 5)
        #expect(try StoppedDatabase.verify(copy) == contents)
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: directory.url.path)).isDisjoint(with: ["copy.db-wal"]))
        #expect(store.counts.tasks(in: "default").succeeded == added)
        try store.close()
        let restored = try SQLiteStore(path: copy)
        #expect(restored.counts.tasks(in: "default").ready == 20_000)
        #expect(try restored.insert([item()]) == [20_001])
        try restored.close()
    }

    @Test func anErrorOfTheReceiverEndsIt() throws {
        struct Gone: Error {}
        let store = try SQLiteStore(path: path)
        try store.insert((0..<12_000).map { _ in item { $0.reason = String(repeating: "x", count: 400) } })
        #expect(throws: Gone.self) { try store.backUp(to: copy, at: 1) { _ in throw Gone() } }
        try store.insert([item()])
        try store.close()
    }

    @Test func noNumberIsUsedAgain() throws {
        var store = try SQLiteStore(path: path)
        let ids = try store.insert([item(), item(phase: .active), item(phase: .succeeded)])
        let live = try store.transaction {
            let attempt = try $0.insertAttempt(task: ids[1], number: 1, pool: "default", agent: nil, dispatchedAt: 1)
            // A worker's number is one of the attempts'.
            #expect(try $0.insertWorker(pool: "default", fingerprint: 1, since: 1).id == attempt.id + 1)
            return attempt
        }
        _ = try store.backUp(to: copy, at: 1_700_000_000_000) { _ in }
        try store.close()

        let counters = StoppedDatabase.Counters(task: 10, attempt: 20, event: 30)
        #expect(try StoppedDatabase.counters(of: copy) == .init(task: 3, attempt: live.id + 1, event: 0))
        try StoppedDatabase.adopt(copy, after: counters, attempts: [ids[0]: 2, ids[1]: 4, 9: 9], at: 7)
        store = try SQLiteStore(path: copy)
        let next = try store.insert([item()])[0]
        #expect(next == 11)
        try store.transaction { transaction in
            #expect(try transaction.insertAttempt(task: next, number: 1, pool: "default", agent: nil, dispatchedAt: 1).id == 21)
            #expect(try !transaction.hasWorkers && transaction.workers(in: nil).isEmpty)
            let first = try #require(try transaction.task(ids[0]))
            // Those that the backup does not know of use up no retry.
            #expect(first.attempts == 2 && first.attemptsBeforeRetry == 2)
            let second = try #require(try transaction.task(ids[1]))
            #expect(second.attempts == 4 && second.attemptsBeforeRetry == 4)
            #expect(try transaction.task(ids[2])?.attempts == 0)
        }
        let events = try store.events(after: 0)
        #expect(events.map(\.seq) == [31] && events[0].kind == .daemonRestored)
        #expect(events[0].detail?.contains("2023-11-14") == true)
        #expect(try store.transaction { try $0.append([Event(at: Timestamp(milliseconds: 1), kind: .daemonStarted)]) } == 32)
        try store.close()
    }

    @Test func whatIsDamagedOrNewerIsNotFoundSound() throws {
        let store = try SQLiteStore(path: path)
        try store.insert((0..<100).map { _ in item() })
        _ = try store.backUp(to: copy, at: 1) { _ in }
        try store.close()
        let whole = try directory.data("copy.db")
        for offset in stride(from: 4096, to: whole.count - 8, by: 4096) {
            var torn = whole
            torn.replaceSubrange(offset..<offset + 8, with: Data(repeating: 0xFF, count: 8))
            try torn.write(to: URL(fileURLWithPath: copy))
            #expect(throws: StorageError.self, "at \(offset)") { try StoppedDatabase.verify(copy) }
        }
        try whole.write(to: URL(fileURLWithPath: copy))
        // Whole pages that do not fit together.
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: copy, configuration: configuration)
        try queue.writeWithoutTransaction { try $0.execute(sql: "INSERT INTO task_input VALUES (4711, x'00')") }
        try queue.close()
        #expect(throws: StorageError.self) { try StoppedDatabase.verify(copy) }
    }
}
