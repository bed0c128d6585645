import Foundation
import GRDB
import Glibc

/// What the bridge must not forget, in a file of SQLite. A commit is on the disk when it returns.
public final class BridgeStore: Sendable {
    /// Why the file cannot be used, in a sentence that says what to do.
    public struct Unusable: Error, CustomStringConvertible {
        public let description: String
    }

    private let queue: DatabaseQueue

    /// Opens the file, and makes it where there is none. One process has it at a time.
    public convenience init(path: String) throws { try self.init(path: path, version: BridgeSchema.version) }

    /// - Parameter version: what is made of it; a test makes an older one.
    init(path: String, version: Int) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .immediateError
        configuration.prepareDatabase { db in
            // Taken at the first write, and kept: a second bridge would show everything twice.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            chmod(path, 0o600)
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                try BridgeSchema.prepare(db, path: path, version: version)
                try db.execute(sql: "BEGIN IMMEDIATE; COMMIT")
            }
        } catch let error as DatabaseError {
            throw Unusable(description: Self.explain(error, path))
        }
    }

    /// For tests and simulations: nothing but memory.
    public init() throws {
        queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { try BridgeSchema.prepare($0, path: "memory") }
    }

    /// What the body does is done as a whole or, where it throws, not at all.
    public func transaction<R>(_ body: (BridgeTransaction) throws -> R) throws -> R {
        try queue.write { try body(BridgeTransaction($0)) }
    }

    func database<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async throws -> R {
        try await queue.write(body)
    }

    public func close() throws { try queue.close() }

    private static func explain(_ error: DatabaseError, _ path: String) -> String {
        switch error.resultCode {
        case .SQLITE_BUSY: "another orch-discord uses \(path); stop it first"
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY:
            "cannot open \(path): check that its directory exists and belongs to the user that orch-discord runs as"
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            "\(path) is damaged; move it away: messages in Discord stay, and open tasks are no longer updated"
        default: "cannot use \(path): \(error.message ?? "\(error.resultCode)")"
        }
    }
}
