import Foundation
import GRDB
import Glibc
import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling
@testable import Storage

/// Sums of what attempts have used, of those that are there and of those that are not any more.
@Suite struct UsageTests {
    /// Of a day that is not too long ago to be remembered.
    private static let noon = Int64(Date.now.timeIntervalSince1970 / 86_400 - 20) * Day.length + 43_200_000

    private static func date(_ wall: Int64) -> String {
        var seconds = time_t(wall / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return String(format: "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
    }

    /// A task with an attempt that ended some days after the first, or at a time.
    private func run(
        _ store: SQLiteStore, day: Int64 = 0, at end: Int64? = nil, agent: String = "claude", model: String = "",
        pool: String = "p",
        labels: [String: String] = [:], subject: String? = nil, _ usage: Usage?
    ) throws -> Int64 {
        try store.transaction { transaction in
            var task = TaskItem(
                definition: TaskDefinition(work: .prompt("x"), options: labelled(labels), submitter: 0, submittedAt: 0),
                pool: pool, phase: .succeeded)
            (task.attempts, task.finishedAt) = (1, Self.noon)
            task.definition.subject = subject
            let id = try transaction.insert(task, input: nil)
            var attempt = try transaction.insertAttempt(task: id, number: 1, pool: pool, agent: agent, dispatchedAt: 0)
            (attempt.state, attempt.endedAt, attempt.usage) = (.ended, end ?? Self.noon + day * Day.length, usage)
            try transaction.update(attempt, from: .dispatched)
            if usage != nil { try transaction.attribute(attempt.id, toModel: model) }
            return id
        }
    }

    private func filled(_ directory: ScratchDirectory) throws -> (SQLiteStore, tasks: [Int64]) {
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let all = Usage(tokensIn: 10, tokensOut: 7, tokensCached: 5, cost: 100)
        return (
            store,
            [
                try run(store, model: "m", labels: ["team": "a", "job": "1"], all),
                try run(store, day: 1, model: "m", labels: ["team": "a"], Usage(tokensIn: 1, cost: 50)),
                try run(store, day: 1, agent: "codex", pool: "q", labels: ["team": "b"], Usage(tokensOut: 3)),
                try run(store, day: 2, subject: "a/b", Usage(cost: 2)), try run(store, nil),
            ]
        )
    }

    private func rows(_ store: SQLiteStore, by key: UsageKey, since day: Int64 = 0) throws -> [String] {
        try store.usage(by: key, since: Self.noon + day * Day.length, now: Self.noon + 9 * Day.length).rows.map { row in
            let usage = row.usage
            let numbers = [usage.tokensIn, usage.tokensOut, usage.tokensCached, usage.cost].map { $0.map { "\($0)" } ?? "-" }
            return "\(row.name ?? "–") \(row.attempts): \(numbers.joined(separator: " "))"
        }
    }

    /// Everything that can be asked.
    private func answers(_ store: SQLiteStore) throws -> [[String]] {
        try UsageKey.allCases.flatMap { key in try [0, 1].map { try rows(store, by: key, since: $0) } }
    }

    @Test func rowsAreSumsByWhatIsAskedFor() throws {
        try inZone("UTC0") {
            let directory = try ScratchDirectory()
            let (store, _) = try filled(directory)
            #expect(try rows(store, by: .agent) == ["claude 3: 11 7 5 152", "codex 1: - 3 - -"])
            #expect(try rows(store, by: .model) == ["m 2: 11 7 5 150", "– 2: - 3 - 2"])
            #expect(try rows(store, by: .submitter) == ["0 3: 11 10 5 150", "0/a/b 1: - - - 2"])
            #expect(try rows(store, by: .pool) == ["p 3: 11 7 5 152", "q 1: - 3 - -"])
            #expect(
                try rows(store, by: .label) == [
                    "team=a 2: 11 7 5 150", "job=1 1: 10 7 5 100", "– 1: - - - 2", "team=b 1: - 3 - -",
                ])
            #expect(
                try rows(store, by: .day) == [
                    "\(Self.date(Self.noon)) 1: 10 7 5 100", "\(Self.date(Self.noon + Day.length)) 2: 1 3 - 50",
                    "\(Self.date(Self.noon + 2 * Day.length)) 1: - - - 2",
                ])
            #expect(try rows(store, by: .agent, since: 1) == ["claude 2: 1 - - 52", "codex 1: - 3 - -"])
            let total = try store.usage(by: nil, since: 0, now: 0)
            #expect(total.rows == [])
            #expect(total.total == UsageRow(attempts: 4, usage: Usage(tokensIn: 11, tokensOut: 10, tokensCached: 5, cost: 152)))
            #expect(try store.usage(by: nil, since: .max, now: 0).total == UsageRow(attempts: 0, usage: Usage()))
        }
    }

    @Test func whatRetentionForgetsStaysInTheSums() throws {
        try inZone("UTC0") {
            let directory = try ScratchDirectory()
            let (store, tasks) = try filled(directory)
            let before = try answers(store)
            for id in tasks {
                try store.transaction { transaction in
                    try transaction.keepUsage(of: id)
                    try transaction.remove([try #require(try transaction.task(id))])
                }
                #expect(try answers(store) == before, "without task \(id)")
            }
        }
    }

    /// Half an hour before a midnight and half an hour after it are two days, and stay so when retention forgets the tasks.
    @Test(arguments: zones) func aDayIsThatOfTheMachine(_ zone: String) throws {
        try inZone(zone) {
            let directory = try ScratchDirectory()
            let store = try SQLiteStore(path: directory.path("queue.db"))
            var expected: [String: Int64] = [:]
            var tasks: [Int64] = []
            for day in 0..<4 as Range<Int32> {
                for (hour, minute) in [(0, 30), (12, 0), (23, 30)] as [(Int32, Int32)] {
                    let end = localTime(hour, minute, days: day, from: Self.noon)
                    let cost = Int64(tasks.count + 1)
                    tasks.append(try run(store, at: end, Usage(cost: cost)))
                    expected[Self.date(end), default: 0] += cost
                }
            }
            #expect(expected.count == 4)
            func days(since: Int64) throws -> [String: Int64] {
                let rows = try store.usage(by: .day, since: since, now: Self.noon + 9 * Day.length).rows
                return Dictionary(uniqueKeysWithValues: rows.map { ($0.name ?? "", $0.usage.cost ?? 0) })
            }
            let second = localTime(0, 0, days: 1, from: Self.noon)
            let fromSecond = expected.filter { $0.key >= Self.date(second) }
            for forgotten in [nil] + tasks.map(Optional.some) {
                if let forgotten {
                    try store.transaction { transaction in
                        try transaction.keepUsage(of: forgotten)
                        try transaction.remove([try #require(try transaction.task(forgotten))])
                    }
                }
                #expect(try days(since: 0) == expected, "without task \(forgotten ?? 0)")
                #expect(try days(since: second) == fromSecond, "without task \(forgotten ?? 0)")
            }
        }
    }

    @Test func aRunningAttemptCountsToday() throws {
        try inZone("UTC0") {
            let directory = try ScratchDirectory()
            let store = try SQLiteStore(path: directory.path("queue.db"))
            _ = try run(store, Usage(cost: 1))
            try store.transaction { transaction in
                var attempt = try #require(try transaction.attempt(1))
                (attempt.state, attempt.endedAt) = (.running, nil)
                try transaction.update(attempt, from: .ended)
            }
            #expect(try rows(store, by: .day, since: 8) == ["\(Self.date(Self.noon + 9 * Day.length)) 1: - - - 1"])
        }
    }

    @Test func sumsThatAreTooLargeAreNoErrors() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        let tasks = try (0..<3).map { _ in try run(store, Usage(cost: .max)) }
        #expect(try rows(store, by: .agent) == ["claude 3: - - - \(Int64.max)"])
        for id in tasks { try store.transaction { try $0.keepUsage(of: id) } }
        #expect(try rows(store, by: .agent) == ["claude 6: - - - \(Int64.max)"])
    }

    /// The cost of the question is that of what was used, and not of all that there is.
    @Test func plainCommandsAreNotLookedAt() throws {
        let directory = try ScratchDirectory()
        let (store, _) = try filled(directory)
        for key in UsageKey.allCases {
            let plan = try store.reader.read { db in
                try db.rows("EXPLAIN QUERY PLAN " + UsageQuery.rows(by: key), [Int64(0), Int64(0)]) { columns in
                    for _ in 0..<3 { _ = try columns.next(Int.self) }
                    return try columns.next(String.self)
                }
            }
            #expect(plan.contains { $0.contains("attempt_usage") } && !plan.contains("SCAN attempt"), "\(plan)")
            #expect(!plan.contains("SCAN task"), "\(plan)")
        }
    }

    @Test func spendingIsKeptByDay() throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.transaction { transaction in
            for period in [-1, 0, 20_000, 20_001] as [Int64] {
                try transaction.save(Spending(cost: period + 1, tokens: 1), of: "b", in: period)
            }
            try transaction.save(Spending(cost: 7), of: "b", in: 20_000)
        }
        #expect(try [-1, 0, 20_000, 20_001].map { try store.spending(of: "b", in: $0).cost } == [0, 1, 7, 20_002])
        #expect(try store.spending(of: "other", in: 0) == Spending())
    }
}
