import Scheduling

/// How what has become of a pool is read from its row.
enum PoolColumns {
    static let select = "SELECT name, mode, slots, configured_slots, reported FROM pool ORDER BY name"

    static func read(_ columns: inout Columns) throws -> PoolState {
        var pool = PoolState(
            name: try columns.next(), mode: try columns.raw(), slots: try columns.next(), configuredSlots: try columns.next())
        pool.reported = Set(try columns.optional(String.self).map { $0.split(separator: " ").map(String.init) } ?? [])
        return pool
    }
}
