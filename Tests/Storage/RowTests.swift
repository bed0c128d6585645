import Foundation
import GRDB
import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling
@testable import Storage

@Suite struct TallyTests {
    struct Refused: Error {}

    /// Ready tasks by pool and lane, from the rows.
    private func recountLanes(_ store: SQLiteStore) throws -> [String: [String: Int]] {
        try store.reader.read { db in
            var ready: [String: [String: Int]] = [:]
            for row in try Row.fetchAll(
                db, sql: "SELECT pool, lane, COUNT(*) FROM task WHERE phase = 0 AND lane <> '' GROUP BY pool, lane")
            {
                ready[row[0], default: [:]][row[1]] = row[2]
            }
            return ready
        }
    }

    private func recount(_ store: SQLiteStore) throws -> (tasks: [TaskItem.Place: Int], live: [String: LiveCounts]) {
        try store.reader.read { db in
            var tasks: [TaskItem.Place: Int] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT pool, phase, COUNT(*) FROM task GROUP BY pool, phase") {
                if let phase = Phase(rawValue: row[1]) { tasks[TaskItem.Place(pool: row[0], phase: phase)] = row[2] }
            }
            var live: [String: LiveCounts] = [:]
            for row in try Row.fetchAll(
                db, sql: "SELECT pool, state, COUNT(*) FROM attempt WHERE state <> 2 GROUP BY pool, state")
            {
                if row[1] == 0 { live[row[0], default: LiveCounts()].dispatched = row[2] }
                if row[1] == 1 { live[row[0], default: LiveCounts()].running = row[2] }
            }
            return (tasks, live)
        }
    }

    private func expectTally(of store: SQLiteStore, _ comment: Comment) throws {
        let truth = try recount(store)
        for pool in ["a", "b", "c"] {
            let counts = store.counts.tasks(in: pool)
            let known: [(Phase, Int)] = [
                (.ready, counts.ready), (.delayed, counts.delayed), (.held, counts.held), (.active, counts.running),
                (.succeeded, counts.succeeded), (.failed, counts.failed), (.cancelled, counts.cancelled),
                (.expired, counts.expired),
            ]
            for (phase, count) in known {
                #expect(truth.tasks[TaskItem.Place(pool: pool, phase: phase)] ?? 0 == count, comment)
            }
            #expect(store.counts.live(in: pool) == truth.live[pool] ?? LiveCounts(), comment)
        }
        let lanes = try recountLanes(store)
        for pool in ["a", "b", "c"] { #expect(store.counts.lanes(in: pool) == lanes[pool] ?? [:], comment) }
        #expect(store.counts.occupiedPools == Set(truth.tasks.keys.map(\.pool)).sorted(), comment)
        let queued = truth.tasks.reduce(0) { $1.key.phase.isQueued ? $0 + $1.value : $0 }
        #expect(try store.transaction { $0.queuedCount } == queued, comment)
    }

    /// A task that runs has an attempt, by which it is found again; that is more than can be drawn here.
    private func lane(in phase: Phase, _ random: inout SeededGenerator) -> String {
        phase == .active ? "" : ["", "x", "x y"].randomElement(using: &random) ?? ""
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func theCountsAreThoseOfTheRows(seed: UInt64) throws {
        let directory = try ScratchDirectory()
        var store = try SQLiteStore(path: directory.path("queue.db"))
        var random = SeededGenerator(seed)
        var last: Int64 = 0
        for step in 0..<60 {
            var highest = last
            let fails = Int.random(in: 0..<4, using: &random) == 0
            do {
                try store.transaction { transaction in
                    for _ in 0..<Int.random(in: 0...6, using: &random) {
                        let id = Int64.random(in: 1...max(last, 1), using: &random)
                        switch Int.random(in: 0..<6, using: &random) {
                        case 0, 1:
                            let pool = ["a", "b", "c"].randomElement(using: &random)!
                            let phase = Phase.allCases.randomElement(using: &random)!
                            let lane = lane(in: phase, &random)
                            let new = try transaction.insert(item(pool, phase: phase) { $0.lane = lane }, input: "x")
                            guard new > highest else { throw DatabaseError(message: "id \(new) was used before") }
                            highest = new
                        case 2:
                            guard var task = try transaction.task(id) else { continue }
                            let place = task.place
                            task.pool = ["a", "b", "c"].randomElement(using: &random)!
                            task.phase = Phase.allCases.randomElement(using: &random)!
                            task.lane = lane(in: task.phase, &random)
                            try transaction.update(task, from: place)
                        case 3:
                            guard let task = try transaction.task(id), try transaction.liveAttempt(of: id) == nil else {
                                continue
                            }
                            try transaction.remove([task])
                        case 4:
                            guard let task = try transaction.task(id), try transaction.liveAttempt(of: id) == nil else {
                                continue
                            }
                            _ = try transaction.insertAttempt(
                                task: id, number: Int.random(in: 1...Int(Int32.max), using: &random), pool: task.pool,
                                agent: Bool.random(using: &random) ? task.pool : nil, dispatchedAt: 1)
                        default:
                            guard var attempt = try transaction.liveAttempts().randomElement(using: &random) else { continue }
                            let state = attempt.state
                            if Int.random(in: 0..<3, using: &random) == 0 {
                                try transaction.removeAttempt(attempt)
                            } else {
                                attempt.state = [.dispatched, .running, .ended].randomElement(using: &random)!
                                try transaction.update(attempt, from: state)
                            }
                        }
                    }
                    if fails { throw Refused() }
                }
                last = highest
            } catch is Refused {}
            try expectTally(of: store, "seed \(seed), step \(step)")
            if step % 20 == 19 {
                try store.close()
                store = try SQLiteStore(path: directory.path("queue.db"))
                try expectTally(of: store, "seed \(seed), reopened at step \(step)")
            }
        }
        try store.close()
    }

    @Test func aTransactionThatThrowsChangesNothing() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.insert([item()])
        #expect(throws: Refused.self) {
            try store.transaction { transaction in
                _ = try transaction.insert(item(), input: "x")
                try transaction.move(1, to: .active)
                _ = try transaction.insertAttempt(task: 1, number: 1, pool: "default", agent: nil, dispatchedAt: 0)
                try transaction.save(PoolState(name: "p", slots: 1, configuredSlots: 1))
                try transaction.setSupervisorStore(5)
                _ = try transaction.append([Event(at: Timestamp(milliseconds: 0), kind: .daemonStarted)])
                throw Refused()
            }
        }
        try store.transaction { (transaction) throws in
            #expect(try transaction.task(1)?.phase == .ready)
            #expect(try transaction.task(2) == nil)
            #expect(try transaction.liveAttempts().isEmpty && transaction.pools().isEmpty)
            #expect(try transaction.supervisorStore() == nil)
            #expect(transaction.counts(of: "default").ready == 1 && transaction.live(in: "default") == LiveCounts())
        }
        #expect(try store.lastEvent() == 0)
    }

    @Test func idsAreNeverUsedAgain() throws {
        let directory = try ScratchDirectory()
        var store = try SQLiteStore(path: directory.path("queue.db"))
        let ids = try store.insert([item(), item(), item()])
        let attempt = try store.transaction { transaction in
            let attempt = try transaction.insertAttempt(task: 3, number: 1, pool: "default", agent: nil, dispatchedAt: 0)
            try transaction.removeAttempt(attempt)
            try transaction.remove(try ids.compactMap(transaction.task))
            return attempt.id
        }
        try store.close()
        store = try SQLiteStore(path: directory.path("queue.db"))
        #expect(try store.insert([item()]) == [4])
        let next = try store.transaction {
            try $0.insertAttempt(task: 4, number: 1, pool: "default", agent: nil, dispatchedAt: 0).id
        }
        #expect(next == attempt + 1)
        #expect(store.counts.tasks(in: "default").ready == 1)
    }

    @Test func theOldestAttemptIsThatOfTheOldestTaskThatHasAny() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let ids = try store.insert([item(), item(), item()])
        try store.transaction { transaction in
            #expect(try transaction.oldestAttempt() == (4, 1))
            for id in ids.dropFirst() {
                _ = try transaction.insertAttempt(task: id, number: 1, pool: "p", agent: nil, dispatchedAt: 0)
            }
            #expect(try transaction.oldestAttempt() == (2, 1))
            try transaction.remove([try #require(try transaction.task(2))])
            #expect(try transaction.oldestAttempt() == (3, 2))
        }
    }

    @Test func attemptsCanSkipNumbers() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.insert([item()])
        try store.transaction { (transaction) throws in
            #expect(try !transaction.skipAttempts(upTo: 0))
            #expect(try transaction.skipAttempts(upTo: 10))
            #expect(try transaction.insertAttempt(task: 1, number: 1, pool: "p", agent: nil, dispatchedAt: 0).id == 11)
            #expect(try !transaction.skipAttempts(upTo: 11))
            #expect(try transaction.skipAttempts(upTo: 12))
            #expect(try transaction.insertAttempt(task: 1, number: 2, pool: "p", agent: nil, dispatchedAt: 0).id == 13)
            #expect(try transaction.insert(item(), input: nil) == 2)
        }
    }
}

@Suite struct RetiredTests {
    /// A line of the protocol has a longest length, whatever it is that the tasks have much of.
    @Test func aPageIsBoundedByAllThatMayBeLong() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let long = String(repeating: "x", count: 200)
        let labels = Dictionary(uniqueKeysWithValues: (0..<64).map { ("\($0)", long) })
        try store.insert(
            Array(
                repeating: item {
                    $0.definition.options.labels = labels
                    $0.definition.resultSchema = "{}"
                }, count: 100))
        let page = try store.page(ListParameters(), limit: 100)
        #expect(page.tasks.count < 100 && page.nextCursor == page.tasks.last?.id)
        #expect(page.tasks.allSatisfy { $0.resultSchema == nil && $0.labels?.count == 64 })
        #expect(try store.record(of: 1)?.resultSchema == .object([:]))
        try store.close()
    }

    @Test func theOldestGoByAgeAndBeyondANumber() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.insert((0..<20).map { _ in item() })
        try store.transaction { transaction in
            for id in 1...10 as ClosedRange<Int64> {
                try transaction.move(id, to: [.succeeded, .failed, .cancelled, .expired][Int(id % 4)], finishedAt: 100 - id)
            }
        }
        func retired(_ before: Int64, _ keep: Int, _ limit: Int) throws -> [Int64] {
            try store.transaction { try $0.retired(before: before, keep: keep, limit: limit).map(\.id).sorted() }
        }
        // 10 finished at 90, 9 at 91 and so on.
        #expect(try retired(0, 10, 100) == [])
        #expect(try retired(90, 10, 100) == [])
        #expect(try retired(91, 10, 100) == [10])
        #expect(try retired(93, 10, 100) == [8, 9, 10])
        #expect(try retired(93, 10, 2) == [9, 10])
        #expect(try retired(0, 7, 100) == [8, 9, 10])
        #expect(try retired(92, 7, 100) == [8, 9, 10])
        #expect(try retired(99, 7, 100) == [2, 3, 4, 5, 6, 7, 8, 9, 10])
        #expect(try retired(0, 0, 100).count == 10)
        #expect(try retired(.max, 0, 3) == [8, 9, 10])
    }
}

@Suite struct PageTests {
    let directory: ScratchDirectory
    let store: SQLiteStore

    init() throws {
        directory = try ScratchDirectory()
        store = try SQLiteStore(path: directory.path("queue.db"))
    }

    private func ids(_ fill: (inout ListParameters) -> Void) throws -> [Int64] {
        var query = ListParameters()
        fill(&query)
        return try store.page(query, limit: 1_000).tasks.map(\.id)
    }

    @Test func filters() throws {
        for (index, phase) in Phase.allCases.enumerated() {
            let labelled = TaskDefinition(
                work: .prompt("p"), options: labelled(["team": "a\"b", "n": "\(index)"]), submitter: 1, submittedAt: 1)
            try store.insert([
                item("a", phase: phase) { $0.name = "name" },
                TaskItem(definition: labelled, pool: "b", phase: phase),
            ])
        }
        // Tasks 7 and 8 are running; 7 has started, 8 has not.
        try store.transaction { transaction in
            for id in [7, 8] as [Int64] {
                var attempt = try transaction.insertAttempt(task: id, number: 1, pool: "a", agent: nil, dispatchedAt: 0)
                guard id == 7 else { continue }
                attempt.state = .running
                attempt.slot = 1
                attempt.startedAt = 5
                try transaction.update(attempt, from: .dispatched)
            }
        }
        #expect(try ids { _ in } == Array((1...16).reversed()))
        #expect(try ids { $0.states = [] }.count == 16)
        #expect(try ids { $0.states = [.queued] } == [8, 6, 5, 4, 3, 2, 1])
        #expect(try ids { $0.states = [.running] } == [7])
        #expect(try ids { $0.states = [.succeeded] } == [10, 9])
        #expect(try ids { $0.states = [.failed] } == [12, 11])
        #expect(try ids { $0.states = [.cancelled, .expired] } == [16, 15, 14, 13])
        #expect(try ids { $0.states = TaskState.allCases.map(StateFilter.init) }.count == 16)
        #expect(try ids { $0.pool = "b" } == [16, 14, 12, 10, 8, 6, 4, 2])
        #expect(try ids { $0.name = "name" } == [15, 13, 11, 9, 7, 5, 3, 1])
        #expect(try ids { $0.labels = ["team": "a\"b"] }.count == 8)
        #expect(try ids { $0.labels = ["team": "a\"b", "n": "3"] } == [8])
        #expect(try ids { $0.labels = ["team": "a"] } == [])
        #expect(try ids { $0.labels = ["n": "1' OR 1=1 --"] } == [])
        #expect(
            try ids {
                $0.states = [.queued, .failed]
                $0.pool = "b"
            } == [12, 8, 6, 4, 2])
        #expect(try store.live().map(\.task.id).sorted() == [7, 8])
        let record = try #require(try store.record(of: 8))
        #expect(record.state == .queued && record.waiting == .ready && record.attempts.isEmpty && record.attemptCount == 0)
        #expect(try store.record(of: 99) == nil)
        #expect(try store.attempt(nil, of: 7)?.attempt?.slot == 1)
        #expect(try store.attempt(2, of: 7)?.attempt == nil)
        #expect(try store.attempt(1, of: 99) == nil)
    }

    @Test func pagesFollowEachOther() throws {
        try store.insert((0..<25).map { item(phase: $0 % 2 == 0 ? .failed : .ready) })
        for size in [1, 4, 12, 13, 100] {
            var seen: [Int64] = []
            var query = ListParameters()
            query.states = [.failed]
            repeat {
                let page = try store.page(query, limit: size)
                #expect(page.tasks.count <= size)
                seen += page.tasks.map(\.id)
                query.cursor = page.nextCursor
            } while query.cursor != nil
            let failed: [Int64] = [25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1]
            #expect(seen == failed, "pages of \(size)")
        }
    }
}
