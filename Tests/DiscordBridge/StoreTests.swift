import DiscordAPI
import Foundation
import TestSupport
import Testing

@testable import DiscordBridge

@Suite struct StoreTests {
    private static func path() throws -> String {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory.appending(path: "bridge.db").path
    }

    /// A database of any earlier version becomes one of this version, and keeps what it has.
    @Test(arguments: 1...BridgeSchema.version) func anOlderDatabaseIsTaken(_ version: Int) throws {
        let path = try Self.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let old = try BridgeStore(path: path, version: version)
        let salt = try old.transaction { store in
            try store.move(.events, to: 7)
            return try store.cursor(.salt)
        }
        try old.close()
        let new = try BridgeStore(path: path)
        let cursors = try new.transaction { store in [try store.cursor(.events), try store.cursor(.salt)] }
        #expect(cursors == [7, salt])
        let isEmpty = try new.transaction { store in try store.openInteractions().isEmpty && store.followed().isEmpty }
        #expect(isEmpty)
        try new.close()
    }

    @Test func aNewerDatabaseAndAnotherAreRefused() throws {
        let path = try Self.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try BridgeStore(path: path)
        try store.close()
        #expect(throws: BridgeStore.Unusable.self) { _ = try BridgeStore(path: path, version: BridgeSchema.version - 1) }
    }
}
