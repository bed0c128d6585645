import Scheduling
import Storage

/// The real store, on a disk that may be full, slow or broken, and in a machine that may stop at the commit.
///
/// A life has one thread, which is why this need not be locked.
final class SimulatedDisk: TurnStore, @unchecked Sendable {
    struct Killed: Error {}

    enum Fault {
        case full
        case failing
        case killed
    }

    private(set) var store: SQLiteStore
    private let clock: VirtualClock
    private let ledger: Ledger
    private let mutation: Mutation?

    /// What the next commit meets.
    var fault: Fault?
    var commitTime: Int64 = 0
    private(set) var commits = 0
    /// Commits, and what was to become one.
    private(set) var tried = 0
    /// What has been committed since somebody last looked.
    private var written: [WatchedTransaction.Write] = []

    init(_ store: SQLiteStore, clock: VirtualClock, ledger: Ledger, mutation: Mutation?) {
        self.store = store
        self.clock = clock
        self.ledger = ledger
        self.mutation = mutation
    }

    /// Another engine opens the file anew.
    func replace(_ store: SQLiteStore) { self.store = store }

    func takeWrites() -> [WatchedTransaction.Write] {
        defer { written = [] }
        return written
    }

    func transaction(_ body: (WatchedTransaction) throws -> TurnResult) throws -> TurnResult {
        var writes: [WatchedTransaction.Write] = []
        var done: TurnResult?
        let (now, elapsed) = (clock.now, clock.elapsed)
        tried += 1
        do {
            let turn = try store.transaction { transaction in
                let watched = WatchedTransaction(transaction, mutation: mutation)
                let turn = try body(watched)
                done = turn
                writes = watched.writes
                switch fault {
                case nil: break
                case .full: throw StorageError(.full, "the simulated disk is full")
                case .failing: throw StorageError(.failed, "the simulated disk fails")
                case .killed: throw Killed()
                }
                clock.advance(by: commitTime)
                return turn
            }
            commits += 1
            written += writes
            ledger.commit(writes, turn, now: now, elapsed: elapsed, counts: store.counts)
            // A life ends by it, and not the simulator.
            var result = turn
            result.problems = []
            return result
        } catch let error as StorageError {
            if mutation == .swallowCommitFailure { return TurnResult() }
            if mutation == .acknowledgeBeforeCommit, let done { return done }
            throw error
        }
    }
}
