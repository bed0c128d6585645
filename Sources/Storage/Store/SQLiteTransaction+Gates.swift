import GRDB
import Scheduling

/// Gates: few, and all of them in memory beside the counts.
extension SQLiteTransaction {
    public var gates: [String: Gate] { tally.gates }

    public func save(_ gate: Gate) throws {
        try db.run(GateColumns.save, GateColumns.values(of: gate))
        tally.gates[gate.name] = gate
    }

    public func removeGate(_ name: String) throws {
        try db.run("DELETE FROM gate WHERE name = ?", [name])
        tally.gates[name] = nil
    }
}

/// How a gate is written to its row and read back.
enum GateColumns {
    static let save = """
        INSERT OR REPLACE INTO gate (name, until, relative, reason, since, attempts) VALUES (?, ?, ?, ?, ?, ?)
        """

    static func values(of gate: Gate) -> [(any SQLValue)?] {
        [gate.name, gate.until, gate.isRelative, gate.reason, gate.since, gate.attempts]
    }

    static func all(_ db: Database) throws -> [Gate] {
        try db.rows("SELECT name, until, relative, reason, since, attempts FROM gate ORDER BY name") {
            Gate(
                name: try $0.next(), until: try $0.optional(), isRelative: try $0.next(), reason: try $0.next(),
                since: try $0.next(), attempts: try $0.next())
        }
    }
}

/// What budgets have spent, and who used what: written only where an attempt tells that it has used something.
extension SQLiteTransaction {
    public func spending(of budget: String, in period: Int64) throws -> Spending {
        try Self.spending(of: budget, in: period, db)
    }

    static func spending(of budget: String, in period: Int64, _ db: Database) throws -> Spending {
        try db.row("SELECT cost, tokens FROM spending WHERE budget = ? AND period = ?", [budget, period]) {
            Spending(cost: try $0.next(), tokens: try $0.next())
        } ?? Spending()
    }

    /// All days are kept, a few bytes each: a clock that was set wrong finds the right one again when it is put right.
    public func save(_ spending: Spending, of budget: String, in period: Int64) throws {
        try db.run(
            "INSERT OR REPLACE INTO spending (budget, period, cost, tokens) VALUES (?, ?, ?, ?)",
            [budget, period, spending.cost, spending.tokens])
    }

    public func attribute(_ attempt: Int64, toModel model: String) throws {
        try db.run("UPDATE attempt SET model = ? WHERE id = ?", [model, attempt])
    }

    public func keepUsage(of task: Int64) throws {
        try db.run(UsageQuery.keep, [task])
        try db.run(UsageQuery.forget)
    }
}
