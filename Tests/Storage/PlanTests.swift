import Foundation
import GRDB
import OrchProtocol
import Scheduling
import TestSupport
import Testing

@testable import Storage

/// Nothing that a turn or a list does may read all the rows. The statements are those that really run: a trace collects them.
@Suite struct PlanTests {
    private final class Statements: @unchecked Sendable {
        var all: [String] = []
    }

    private func plans(of store: SQLiteStore, _ body: (SQLiteTransaction) throws -> Void) throws -> [(
        sql: String, plan: String
    )] {
        let statements = Statements()
        try store.transaction { transaction in
            transaction.db.trace { statements.all.append($0.expandedDescription) }
            try body(transaction)
            transaction.db.trace()
        }
        return try explained(statements.all, in: store)
    }

    private func explained(
        _ statements: [String], _ arguments: [any SQLValue] = [], in store: SQLiteStore
    ) throws -> [(sql: String, plan: String)] {
        try store.reader.read { db in
            try statements.filter { $0.hasPrefix("SELECT") || $0.hasPrefix("UPDATE") || $0.hasPrefix("DELETE") }.map { sql in
                let details = try db.rows("EXPLAIN QUERY PLAN " + sql, arguments) { columns in
                    for _ in 0..<3 { _ = try columns.next(Int.self) }
                    return try columns.next(String.self)
                }
                return (sql, details.joined(separator: "\n"))
            }
        }
    }

    private func filled(_ directory: ScratchDirectory) throws -> SQLiteStore {
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.insert(Phase.allCases.flatMap { phase in (0..<50).map { _ in item(phase: phase) { $0.dueAt = 9 } } })
        return store
    }

    @Test func whatATurnReadsIsFoundByIndex() throws {
        let directory = try ScratchDirectory()
        let store = try filled(directory)
        let plans = try plans(of: store) { transaction in
            _ = try transaction.ready(in: "default", lane: "", limit: 3)
            _ = try transaction.due(at: 1, limit: 3)
            _ = try transaction.expired(at: 1, limit: 3)
            _ = try transaction.nextWallTime()
            _ = try transaction.liveAttempts()
            _ = try transaction.liveAttempt(of: 1)
            _ = try transaction.dispatchedAttempts(in: "default")
            _ = try transaction.dueAttempts(at: 1, limit: 3)
            _ = try transaction.nextMonotonicTime()
            _ = try transaction.task(1)
            _ = try transaction.task(withKey: "k", of: 0, subject: nil, below: 0)
            _ = try transaction.keptAnswer(to: "k", of: "user 0")
            try transaction.forgetAnswers(before: 1, limit: 3)
            let answer = KeptAnswer(
                principal: "user 0", key: "k", at: 1, method: "task.hold", parameters: Data(count: 1 << 20), answer: Data())
            try transaction.keep(answer)
            _ = try transaction.insert(
                item { ($0.ancestry.parent, $0.ancestry.root, $0.ancestry.depth) = (1, 1, 1) }, input: nil)
            _ = try transaction.counts(below: 1)
            _ = try transaction.unfinishedChildren(of: 1, after: 0, limit: 3)
            try transaction.spend(Spending(cost: 1), insteadOf: Spending(), below: 1)
            try transaction.save(Ending(task: 1, attempt: 1, isFinal: true))
            _ = try transaction.nextEnding()
            try transaction.removeEnding(of: 1)
            try transaction.forgetKey(of: 1)
            let asked = try transaction.insert(
                Question(
                    id: QuestionID(task: 1, number: 1), root: 1, attempt: 1, content: .init(text: "?", takesText: true),
                    askedAt: 1))
            #expect(asked == 1)
            _ = try transaction.question(QuestionID(task: 1, number: 1))
            _ = try transaction.question(ofStep: "s", of: 1)
            _ = try transaction.lastQuestion(of: 1)
            _ = try transaction.openQuestions(of: 1)
            _ = try transaction.openQuestionCount(inTree: 1)
            _ = try transaction.dueQuestions(at: 1, limit: 3)
            _ = try transaction.nextWallTime()
            try transaction.shiftQuestions(by: 1)
            _ = try transaction.attempt(1)
            _ = try transaction.input(of: 1)
            _ = try transaction.retired(before: 1, keep: 3, limit: 3)
            _ = try transaction.unfinished(in: nil, after: 3, limit: 3)
            _ = try transaction.unfinished(in: "default", after: 3, limit: 3)
            try transaction.shiftRelativeDueTimes(by: 1)
            _ = try transaction.ready(in: "default", lane: "", root: 7, below: [7], limit: 3)
            _ = try transaction.ready(in: "default", lane: "", root: 7, below: [8, 9], limit: 3)
            _ = try transaction.readyLanes(in: "default", root: 7)
            _ = try transaction.activeCounts(below: [8], root: 7)
            _ = try transaction.activeTasks()
            try transaction.move(1, to: .held)
            try transaction.remove([try transaction.task(2)!])
        }
        #expect(plans.count >= 20)
        for (sql, plan) in plans {
            for line in plan.split(separator: "\n") where line.hasPrefix("SCAN") {
                // The whole of a partial index is what is asked for here.
                let isWhole = line.contains("attempt_live") || line.contains("INDEX task_") || line.contains("attempt_wake")
                let isSmall = line.contains("subquery") || line.contains("sqlite_sequence") || line.hasSuffix("-subquery)")
                #expect(isWhole || isSmall || !line.contains("task") && !line.contains("attempt"), "\(sql)\n\(plan)")
            }
            #expect(!plan.contains("SCAN task\n") && !plan.hasSuffix("SCAN task"), "\(sql)\n\(plan)")
        }
        func plan(_ part: String) throws -> String { try #require(plans.first { $0.sql.contains(part) }).plan }
        #expect(try plan("phase = 0 AND pool =").contains("task_ready (pool=? AND lane=?)"))
        #expect(try !plan("phase = 0 AND pool =").contains("TEMP B-TREE"))
        #expect(try plan("due_at <= ").contains("task_due (phase=? AND due_at>? AND due_at<?)"))
        #expect(try plan("expires_at <= ").contains("task_expiry"))
        let dispatched = try plan("JOIN task")
        #expect(dispatched.contains("attempt_live (pool=? AND state=?)"), "\(dispatched)")
        #expect(!dispatched.contains("TEMP B-TREE"), "\(dispatched)")
        #expect(try plan("wake_at <= ").contains("attempt_wake"))
        for part in ["AND lane = '' \n", "AND lane >= ''", "AND EXISTS"] {
            let below = try plan(part)
            #expect(below.contains("task_ready_below (root=? AND pool=? AND lane"), "\(below)")
            #expect(!below.contains("TEMP B-TREE"), "\(below)")
        }
        let active = try plan("GROUP BY pool, lane")
        #expect(active.contains("task_active_below (root=?)") && !active.contains("TEMP B-TREE"), "\(active)")
        #expect(try plan("answer FROM kept_answer").contains("kept_answer_key (principal=? AND key=?)"))
        #expect(try plan("FROM kept_answer WHERE at").contains("kept_answer_age (at<?)"))
        #expect(try plan("row_number()").contains("kept_answer_key (principal=?)"))
        #expect(try plan("FROM question WHERE task = 1 AND number").contains("question_task (task=? AND number=?)"))
        #expect(try plan("FROM question WHERE task = 1 AND step").contains("question_step (task=? AND step=?)"))
        #expect(try plan("FROM question WHERE state = 0 AND task").contains("question_open (task=?)"))
        #expect(try plan("FROM question WHERE state = 0 AND root").contains("question_tree (root=?)"))
        #expect(try plan("FROM question WHERE state = 0 AND until").contains("question_due (until"))
        let retired = try plan("UNION")
        #expect(retired.contains("SEARCH task USING INTEGER PRIMARY KEY"), "\(retired)")
        #expect(retired.contains("task_finished (finished_at<?)"), "\(retired)")
    }

    @Test func listsByStateAreFoundByIndex() throws {
        let directory = try ScratchDirectory()
        let store = try filled(directory)
        for (state, index) in [
            (StateFilter.queued, "task_unfinished"), (.ready, "task_unfinished"), (.limited, "task_unfinished"),
            (.held, "task_unfinished"),
            (.delayed, "task_unfinished"), (.routing, "task_unfinished"), (.stopping, "attempt_live"),
            (.asking, "question_open"),
            (.running, "attempt_live"), (.failed, "task_unsuccessful (phase=?)"),
            (.cancelled, "task_unsuccessful (phase=?)"), (.expired, "task_unsuccessful (phase=?)"),
        ] {
            var query = ListParameters()
            query.states = [state]
            for cursor in [nil, 77] as [Int64?] {
                query.cursor = cursor
                let waits = WaitPlaces(pools: ["default": .init(lanes: ["agent:a/": .limited]), "b": .init(reason: .limited)])
                let (sql, arguments) = store.pageStatement(query, limit: 5, waits: waits)
                let plan = try explained([sql], arguments, in: store)[0].plan
                #expect(plan.contains(index.prefix { $0 != ")" }), "\(state): \(plan)")
                #expect(!plan.contains("FOR ORDER BY") && !plan.contains("SCAN task\n"), "\(state): \(plan)")
            }
        }
    }

    /// The cost of a claim does not grow with the queue.
    @Test func aClaimCostsTheSameHoweverManyAreQueued() throws {
        let directory = try ScratchDirectory()
        var times: [Double] = []
        for count in [1_000, 200_000] {
            let store = try SQLiteStore(path: directory.path("\(count).db"))
            try store.insert((0..<count).map { item(priority: $0 % 7) })
            var best = Double.infinity
            for _ in 0..<20 {
                let time = try processorTime {
                    try store.transaction { transaction in
                        for _ in 0..<20 {
                            for var task in try transaction.ready(in: "default", lane: "", limit: 1) {
                                let place = task.place
                                task.phase = .active
                                try transaction.update(task, from: place)
                            }
                        }
                    }
                }
                best = min(best, time)
            }
            times.append(best)
        }
        print("20 claims: \(times[0]) s of 1 000 queued, \(times[1]) s of 200 000")
        #expect(times[1] < times[0] * 4)
    }
}
