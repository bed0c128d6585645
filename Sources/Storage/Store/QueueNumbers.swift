import Foundation
import GRDB

/// What tells this queue from every other one whose tasks work in the same repositories: a number that is drawn when the queue is made, and
/// again when a backup becomes the queue, whose tasks may then be another queue's as well.
public struct QueueNumbers: Sendable, Equatable {
    /// Each with the time from which on it was used, in milliseconds since 1970; the newest last.
    var numbers: [(since: Int64, number: Int64)]

    public static func == (one: Self, other: Self) -> Bool {
        one.numbers.elementsEqual(other.numbers) { $0 == $1 }
    }

    /// The number at a time: the first one also for what a clock that was set back dates before it.
    public func number(at wall: Int64) -> Int64 { (numbers.last { $0.since <= wall } ?? numbers.first)?.number ?? 0 }

    private static let prefix = "queue_since_"

    static func read(_ db: Database) throws -> QueueNumbers {
        let rows = try db.rows("SELECT name, value FROM meta WHERE name GLOB '\(prefix)*'", []) {
            (try $0.next(String.self), try $0.next(Int64.self))
        }
        return QueueNumbers(
            numbers: rows.compactMap { name, value in Int64(name.dropFirst(prefix.count)).map { ($0, value) } }
                .sorted { $0.since < $1.since })
    }

    /// Draws a number that holds from now on.
    static func draw(_ db: Database) throws {
        let now = Int64(Date.now.timeIntervalSince1970 * 1000)
        try db.run(
            "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", ["\(prefix)\(now)", Int64.random(in: 0..<(1 << 24))])
    }
}

extension SQLiteStore {
    /// - Throws: ``StorageError``.
    public func queueNumbers() throws -> QueueNumbers { try read { try QueueNumbers.read($0) } }
}
