import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling
@testable import Storage

/// A change of a task is written in parts, so that a turn does not write again what only people change.
@Suite struct TaskPartsTests {
    struct Part: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let write: @Sendable (SQLiteTransaction, TaskItem, TaskItem.Place) throws -> Void
        let take: @Sendable (inout TaskItem, TaskItem) -> Void
    }

    static let parts = [
        Part(testDescription: "choice") { transaction, task, _ in
            try transaction.saveChoice(of: task)
        } take: {
            $0.definition.options = $1.definition.options
            $0.definition.route = $1.definition.route
            $0.definition.routing = $1.definition.routing
        },
        Part(testDescription: "work") { transaction, task, _ in
            try transaction.saveWork(of: task)
        } take: {
            $0.definition.work = $1.definition.work
        },
        Part(testDescription: "ancestry") { transaction, task, _ in
            try transaction.saveAncestry(of: task)
        } take: {
            $0.ancestry = $1.ancestry
        },
        Part(testDescription: "standing") { transaction, task, place in
            try transaction.update(task, from: place)
        } take: {
            ($0.place, $0.dueAt, $0.dueIsRelative) = ($1.place, $1.dueAt, $1.dueIsRelative)
            ($0.attempts, $0.attemptsBeforeRetry) = ($1.attempts, $1.attemptsBeforeRetry)
            ($0.finishedAt, $0.reason) = ($1.finishedAt, $1.reason)
        },
    ]

    /// Another value for everything that may change.
    private func change(_ task: inout TaskItem) {
        task.name = "name"
        task.priority = 7
        task.timeout = 1_500
        task.idleTimeout = 2_500
        task.retry = RetryPolicy(retries: 3, causes: [.timeout, .spawn], delay: 1_250)
        task.definition.options.comment = "comment"
        task.definition.options.labels = ["a": "b"]
        task.definition.options.model = "model"
        task.definition.options.thinking = .high
        task.definition.options.needs = ["gpu"]
        task.definition.route = "route"
        task.definition.routing = Routing(rule: "rule", pool: "p", given: [.model])
        task.definition.work = .command(["false", "", "x"])
        task.ancestry.attempt = 4
        task.ancestry.isDetached = true
        task.ancestry.forgottenSteps = 2
        task.place = TaskItem.Place(pool: "other", phase: .ready, lane: "lane")
        (task.dueAt, task.dueIsRelative) = (99, true)
        (task.attempts, task.attemptsBeforeRetry) = (5, 1)
        (task.finishedAt, task.reason) = (98, "reason")
    }

    @Test(arguments: parts) func isWrittenAloneAndAsAWhole(part: Part) throws {
        let directory = try ScratchDirectory()
        let store = try SQLiteStore(path: directory.path("queue.db"))
        try store.insert([item()])
        let (expected, found) = try store.transaction { transaction in
            let first = try #require(try transaction.task(1))
            var (changed, expected) = (first, first)
            change(&changed)
            part.take(&expected, changed)
            try part.write(transaction, changed, first.place)
            return (expected, try #require(try transaction.task(1)))
        }
        #expect(found == expected)
        try store.close()
    }

    @Test func togetherTheyAreAllThatChanges() throws {
        var (changed, taken) = (item(), item())
        change(&changed)
        for part in Self.parts { part.take(&taken, changed) }
        #expect(taken == changed)
    }
}
