import Foundation
import GRDB
import OrchProtocol
import Scheduling
import Text

/// A transaction on the writer's connection; it lives only as long as the body it is handed to.
public final class SQLiteTransaction: TaskTransaction {
    let db: Database
    var tally: Tally
    let progress: Progress
    private let insertTask = RepeatedQuery(TaskColumns.insert)
    private let updateTask = RepeatedQuery(TaskColumns.update)
    private let selectTask = RepeatedQuery(TaskColumns.selectByID)
    private let dispatchAttempt = RepeatedQuery(AttemptColumns.dispatch)
    private let updateAttempt = RepeatedQuery(AttemptColumns.update)
    private let selectAttempt = RepeatedQuery(AttemptColumns.selectByID)

    init(db: Database, tally: Tally, progress: Progress) {
        self.db = db
        self.tally = tally
        self.progress = progress
    }

    // MARK: Tasks

    public func insert(_ task: TaskItem, input: ByteString?) throws -> Int64 {
        let environment = try TaskColumns.variables(of: task.definition.environment).map(environmentRow)
        if let environment {
            try db.run(TaskColumns.insertWithEnvironment, TaskColumns.columns, of: task, id: environment)
        } else {
            try db.run(insertTask, TaskColumns.columns, of: task)
        }
        let id = db.lastInsertedRowID
        if let input { try db.run("INSERT INTO task_input (task, text) VALUES (?, ?)", [id, Data(input.bytes)]) }
        tally.add(1, at: task.place)
        if task.isChild { try count(task, made: 1, unfinished: task.phase.isFinal ? 0 : 1) }
        return id
    }

    /// The row that has these variables; a trigger removes it with the last of its tasks. Variables of one hash, made by
    /// intention, are stored more than once and make nobody wait.
    private func environmentRow(_ variables: Data) throws -> Int64 {
        let hash = variables.withUnsafeBytes { StableHash.value(of: $0) }
        let known: Int64? = try db.value(
            "SELECT id FROM (SELECT id, variables FROM environment WHERE hash = ? LIMIT 8) WHERE variables = ?",
            [hash, variables])
        if let known { return known }
        try db.run("INSERT INTO environment (hash, variables) VALUES (?, ?)", [hash, variables])
        return db.lastInsertedRowID
    }

    public func task(_ id: Int64) throws -> TaskItem? {
        try db.row(selectTask, [id], TaskColumns.read)
    }

    public func input(of id: Int64) throws -> ByteString? {
        let text: Data? = try db.value("SELECT text FROM task_input WHERE task = ?", [id])
        return text.map { ByteString($0) }
    }

    public func task(withKey key: String, of submitter: UInt32, subject: String?, below parent: Int64) throws -> Int64? {
        try db.value(
            "SELECT id FROM task WHERE submitter = ? AND subject = ? AND parent = ? AND key = ?",
            [submitter, subject ?? "", parent, key])
    }

    public func update(_ task: TaskItem, from place: TaskItem.Place) throws {
        try db.run(updateTask, TaskColumns.changing, of: task, id: task.id)
        assert(db.changesCount == 1, "task \(task.id) has no row to change")
        tally.move(from: place, to: task.place)
        if task.isChild, place.phase.isFinal != task.phase.isFinal {
            try count(task, made: 0, unfinished: task.phase.isFinal ? -1 : 1)
        }
    }

    public func saveChoice(of task: TaskItem) throws {
        try db.run(TaskColumns.updateChoice, TaskColumns.chosen, of: task, id: task.id)
        assert(db.changesCount == 1, "task \(task.id) has no row to change")
    }

    public func saveWork(of task: TaskItem) throws {
        try db.run(TaskColumns.updateWork, TaskColumns.work, of: task, id: task.id)
        assert(db.changesCount == 1, "task \(task.id) has no row to change")
    }

    public func ready(in pool: String, lane: String, limit: Int) throws -> [TaskItem] {
        try db.rows(TaskColumns.selectReady, [pool, lane, limit], TaskColumns.read)
    }

    public func due(at wall: Int64, limit: Int) throws -> [TaskItem] {
        try db.tasks(
            where: "phase = 1 AND due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, id LIMIT ?", [wall, limit])
    }

    public func expired(at wall: Int64, limit: Int) throws -> [TaskItem] {
        try db.tasks(
            where: "phase < 3 AND expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at, id LIMIT ?", [wall, limit])
    }

    public func nextWallTime() throws -> Int64? {
        let due: Int64? = try db.value(
            "SELECT due_at FROM task WHERE phase = 1 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1")
        let expiry: Int64? = try db.value(
            "SELECT expires_at FROM task WHERE phase < 3 AND expires_at IS NOT NULL ORDER BY expires_at LIMIT 1")
        return [due, expiry, try nextQuestionTime()].compactMap(\.self).min()
    }

    public func unfinished(in pool: String?, after: Int64, limit: Int) throws -> [TaskItem] {
        guard let pool else { return try db.tasks(where: "phase < 4 AND id > ? ORDER BY id LIMIT ?", [after, limit]) }
        return try db.tasks(where: "phase < 4 AND pool = ? AND id > ? ORDER BY id LIMIT ?", [pool, after, limit])
    }

    public func shiftRelativeDueTimes(by milliseconds: Int64) throws {
        try db.run(
            "UPDATE task SET due_at = due_at + ? WHERE phase IN (1, 2) AND due_at IS NOT NULL AND due_relative", [milliseconds])
    }

    public func retired(before wall: Int64, keep: Int, limit: Int) throws -> [TaskItem] {
        // Beyond the number to keep, the oldest go, whatever their age.
        let surplus = try tally.final > keep ? min(max(tally.final - finalBelowUnfinished - keep, 0), limit) : 0
        let roots = try db.tasks(
            where: """
                phase >= 4 AND id IN (
                    SELECT id FROM (\(Self.oldest("finished_at < ?1 AND", "WHERE unfinished > 0 OR ended_at >= ?1")) LIMIT ?2)
                    UNION
                    SELECT id FROM (\(Self.oldest("", "WHERE unfinished > 0")) LIMIT ?3)
                ) LIMIT ?2
                """, [wall, limit, surplus])
        return try trees(of: roots, limit: limit)
    }

    /// Roots, and tasks that stand alone, the first to have ended first.
    ///
    /// - Parameter tree: the condition of trees that stay.
    private static func oldest(_ condition: String, _ tree: String) -> String {
        """
        SELECT id FROM task WHERE phase >= 4 AND parent = 0 AND \(condition) id NOT IN (SELECT task FROM tree \(tree))
        ORDER BY finished_at
        """
    }

    public func remove(_ tasks: [TaskItem]) throws {
        for task in tasks {
            // A final task asks nothing, unless its rows are damaged.
            tally.openQuestions -= try openQuestions(of: task.id).count
            try db.run("DELETE FROM task WHERE id = ?", [task.id])
            assert(db.changesCount == 1, "task \(task.id) has no row to remove")
            tally.add(-1, at: task.place)
        }
    }

    // MARK: Attempts

    public func insertAttempt(
        task: Int64, number: Int, pool: String, agent: String?, dispatchedAt: Int64
    ) throws -> Attempt {
        var attempt = Attempt(
            id: 0, task: task, number: number, pool: pool, state: .dispatched, dispatchedAt: dispatchedAt)
        attempt.agent = agent
        try db.run(dispatchAttempt, AttemptColumns.dispatched, of: attempt)
        attempt.id = db.lastInsertedRowID
        tally.addLive(1, in: pool, state: .dispatched)
        return attempt
    }

    public func insert(_ attempt: Attempt) throws {
        try db.run(AttemptColumns.insert, AttemptColumns.columns, of: attempt)
        tally.addLive(1, in: attempt.pool, state: attempt.state)
    }

    public func skipAttempts(upTo id: Int64) throws -> Bool {
        guard id > (try StoppedDatabase.lastID(of: "attempt", db)) else { return false }
        try StoppedDatabase.skip("attempt", upTo: id, db)
        return true
    }

    public func oldestAttempt() throws -> (task: Int64, id: Int64) {
        func lowest(_ column: String, of table: String) throws -> Int64 {
            try db.value("SELECT min(\(column)) FROM attempt") ?? StoppedDatabase.lastID(of: table, db) + 1
        }
        return (try lowest("task", of: "task"), try lowest("id", of: "attempt"))
    }

    public func attempt(_ id: Int64) throws -> Attempt? {
        try db.row(selectAttempt, [id], AttemptColumns.read)
    }

    public func attempts(of task: Int64) throws -> [Attempt] {
        try db.attempts(where: "task = ? ORDER BY number", [task])
    }

    public func liveAttempt(of task: Int64) throws -> Attempt? {
        try db.attempts(where: "task = ? AND state <> 2", [task]).first
    }

    public func liveAttempts() throws -> [Attempt] { try db.liveAttempts(orderedBy: "id") }

    public func dispatchedAttempts(in pool: String) throws -> [(attempt: Attempt, priority: Int)] {
        try db.rows(
            """
            SELECT \(AttemptColumns.all), task.priority FROM attempt JOIN task ON task.id = attempt.task
            WHERE attempt.pool = ? AND attempt.state = 0 AND attempt.state <> 2 ORDER BY attempt.id
            """, [pool]
        ) { (try AttemptColumns.read(&$0), try $0.next()) }
    }

    public func update(_ attempt: Attempt, from state: Attempt.State) throws {
        try db.run(updateAttempt, AttemptColumns.changing, of: attempt, id: attempt.id)
        assert(db.changesCount == 1, "attempt \(attempt.id) has no row to change")
        tally.addLive(-1, in: attempt.pool, state: state)
        tally.addLive(1, in: attempt.pool, state: attempt.state)
    }

    public func removeAttempt(_ attempt: Attempt) throws {
        try db.run("DELETE FROM attempt WHERE id = ?", [attempt.id])
        assert(db.changesCount == 1, "attempt \(attempt.id) has no row to remove")
        tally.addLive(-1, in: attempt.pool, state: attempt.state)
    }

    public func dueAttempts(at monotonic: Int64, limit: Int) throws -> [Attempt] {
        try db.attempts(
            where: "state <> 2 AND wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at, id LIMIT ?", [monotonic, limit])
    }

    public func nextMonotonicTime() throws -> Int64? {
        let attempt: Int64? = try db.value(
            "SELECT wake_at FROM attempt WHERE state <> 2 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1")
        let worker: Int64? = try hasWorkers ? db.value("SELECT min(wake_at) FROM worker") : nil
        return [attempt, worker].compactMap(\.self).min()
    }
}
