import Foundation
import GRDB
import GRDBSQLite
import OrchProtocol
import Scheduling

@testable import Storage

func item(
    _ pool: String = "default", phase: Phase = .ready, priority: Int = 0, fill: (inout TaskItem) -> Void = { _ in }
) -> TaskItem {
    var item = TaskItem(
        definition: TaskDefinition(work: .command(["true"]), submitter: 1000, submittedAt: 1), pool: pool, phase: phase)
    item.priority = priority
    fill(&item)
    return item
}

func labelled(_ labels: [String: String]?) -> TaskOptions {
    var options = TaskOptions()
    options.labels = labels
    return options
}

/// Steps of SQLite's machine since this was last asked of a connection.
func vmSteps(_ db: Database) -> Int {
    var sum = 0
    var statement = sqlite3_next_stmt(db.sqliteConnection, nil)
    while let current = statement {
        sum += Int(sqlite3_stmt_status(current, SQLITE_STMTSTATUS_VM_STEP, 1))
        statement = sqlite3_next_stmt(db.sqliteConnection, current)
    }
    return sum
}

extension SQLiteStore {
    @discardableResult
    func insert(_ items: [TaskItem]) throws -> [Int64] {
        try transaction { transaction in try items.map { try transaction.insert($0, input: nil) } }
    }
}

extension SQLiteTransaction {
    /// Moves a task to a phase, whatever that means.
    func move(_ id: Int64, to phase: Phase, finishedAt: Int64? = nil) throws {
        guard var task = try task(id) else { return }
        let place = task.place
        task.phase = phase
        task.finishedAt = finishedAt
        try update(task, from: place)
    }
}
