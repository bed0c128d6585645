import Foundation
import GRDB
import OrchProtocol
import Scheduling

/// Pools, counts, events, and the supervisor's store.
extension SQLiteTransaction {
    public func pools() throws -> [PoolState] {
        try db.rows(PoolColumns.select, [], PoolColumns.read)
    }

    public func reportProgress() { progress.report() }

    public func save(_ pool: PoolState) throws {
        try db.run(
            "INSERT OR REPLACE INTO pool (name, mode, slots, configured_slots, reported) VALUES (?, ?, ?, ?, ?)",
            [
                pool.name, pool.mode.rawValue, pool.slots, pool.configuredSlots,
                pool.reported.isEmpty ? nil : pool.reported.sorted().joined(separator: " "),
            ])
    }

    public func removePool(_ name: String) throws {
        try db.run("DELETE FROM pool WHERE name = ?", [name])
    }

    public func counts(of pool: String) -> TaskCounts { tally.tasks(in: pool) }
    public func live(in pool: String) -> LiveCounts { tally.live(in: pool) }
    public func lanes(in pool: String) -> [String: Int] { tally.lanes(in: pool) }
    public var busyLanes: [String: Int] { tally.busyLanes }
    public var queuedCount: Int { tally.queued }
    public var occupiedPools: [String] { tally.occupiedPools }

    /// SQLite's integers are signed; the store's number is only ever compared.
    public func supervisorStore() throws -> UInt64? {
        try db.row("SELECT value FROM meta WHERE name = 'supervisor_store'") { UInt64(bitPattern: try $0.next()) }
    }

    public func setSupervisorStore(_ id: UInt64) throws {
        try db.run(
            "INSERT OR REPLACE INTO meta (name, value) VALUES ('supervisor_store', ?)", [Int64(bitPattern: id)])
    }

    public func laneRules() throws -> Int64? {
        try db.value("SELECT value FROM meta WHERE name = 'lane_rules'")
    }

    public func setLaneRules(_ number: Int64) throws {
        try db.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('lane_rules', ?)", [number])
    }

    /// A subscriber is sent a row at a time, so a large turn is cut.
    private static let eventsPerRow = 1_000

    public func append(_ events: [Event]) throws -> Int64 {
        let first = try SQLiteStore.lastEvent(db) + 1
        assert(!events.isEmpty, "a row of events without an event")
        var rows = 0
        for start in stride(from: 0, to: events.count, by: Self.eventsPerRow) {
            let end = min(start + Self.eventsPerRow, events.count)
            var lines: [UInt8] = []
            for index in start..<end {
                events[index].writeLine(numbered: first + Int64(index), to: &lines)
                lines.append(UInt8(ascii: "\n"))
            }
            try db.run(
                "INSERT INTO event (seq, count, lines) VALUES (?, ?, ?)", [first + Int64(start), end - start, Data(lines)])
            rows += 1
            // To write the lines takes longer than the one statement with them.
            progress.report()
        }
        // A few old rows at a time, and more than are added: how many are kept is a matter of space, not of exactness.
        try db.run(
            "DELETE FROM event WHERE seq IN (SELECT seq FROM event WHERE seq < ? ORDER BY seq LIMIT ?)",
            [first - SQLiteStore.eventsKept, rows + 4])
        return first
    }

    public func keptAnswer(to key: String, of principal: String) throws -> KeptAnswer? {
        try db.row(
            "SELECT at, method, parameters, answer FROM kept_answer WHERE principal = ? AND key = ?", [principal, key]
        ) {
            KeptAnswer(
                principal: principal, key: key, at: try $0.next(), method: try $0.next(), parameters: try $0.next(),
                answer: try $0.next())
        }
    }

    public func keep(_ answer: KeptAnswer) throws {
        try db.run(
            "INSERT OR REPLACE INTO kept_answer (principal, key, at, method, parameters, answer) VALUES (?, ?, ?, ?, ?, ?)",
            [answer.principal, answer.key, answer.at, answer.method, answer.parameters, answer.answer])
        // To look at all of somebody's is not worth it each time; a large one may come to much at once.
        let size = answer.parameters.count + answer.answer.count
        guard db.lastInsertedRowID % 64 == 0 || size > KeptAnswer.mostBytes / 64 else { return }
        try db.run(
            """
            DELETE FROM kept_answer WHERE id IN (
                SELECT id FROM (
                    SELECT id, row_number() OVER newest AS number, sum(length(parameters) + length(answer)) OVER newest AS size
                    FROM kept_answer WHERE principal = ? WINDOW newest AS (ORDER BY id DESC))
                WHERE number > ? OR number > 1 AND size > ?)
            """, [answer.principal, KeptAnswer.most, KeptAnswer.mostBytes])
    }

    public func forgetAnswers(before wall: Int64, limit: Int) throws {
        try db.run("DELETE FROM kept_answer WHERE id IN (SELECT id FROM kept_answer WHERE at <= ? LIMIT ?)", [wall, limit])
    }

    /// Writes the counts that this transaction has changed.
    func storeTally() throws {
        for (pool, phase, count) in tally.changed {
            try db.run("INSERT OR REPLACE INTO tally (pool, phase, count) VALUES (?, ?, ?)", [pool, phase.rawValue, count])
        }
        tally.markStored()
    }
}
