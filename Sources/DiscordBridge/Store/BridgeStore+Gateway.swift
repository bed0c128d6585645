import DiscordAPI
import GRDB

/// When sessions at the gateway were begun, over restarts: a program that is started again and again must not use up what Discord allows.
extension BridgeStore: GatewayMemory {
    public func starts() async -> [Int64] {
        // Where they cannot be read, they cannot be kept either, and then no session is begun.
        (try? await database { try Int64.fetchAll($0, sql: "SELECT at FROM gateway_start ORDER BY at") }) ?? []
    }

    public func keep(starts: [Int64]) async throws {
        try await database { db in
            try db.execute(sql: "DELETE FROM gateway_start")
            for start in starts { try db.execute(sql: "INSERT INTO gateway_start VALUES (?)", arguments: [start]) }
        }
    }
}
