import GRDB
import GRDBSQLite
import Synchronization

/// Reports repeatedly that the writer works, while a transaction takes long: a batch of some hundred thousand tasks is one.
final class Progress: Sendable {
    /// Of SQLite's machine, between two reports; an insertion takes about a hundred.
    private static let steps: Int32 = 2_000

    private let listener = Mutex<(@Sendable () -> Void)?>(nil)

    func tell(_ listener: @escaping @Sendable () -> Void) { self.listener.withLock { $0 = listener } }

    func report() { listener.withLock { $0 }?() }

    /// Has a connection report while it works. It must not outlive this.
    func observe(_ db: Database) {
        sqlite3_progress_handler(
            db.sqliteConnection, Self.steps,
            { context in
                if let context { Unmanaged<Progress>.fromOpaque(context).takeUnretainedValue().report() }
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
