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
