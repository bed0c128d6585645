import Dispatch
import Synchronization

/// Counts those who are reading, so that nothing is closed under them: GRDB gives a late reader an invalid connection.
final class ReadGate: Sendable {
    private let isClosed = Mutex(false)
    private let readers = DispatchGroup()

    /// Runs a body unless the gate is closed; then it returns nil.
    func pass<T>(_ body: () throws -> T) rethrows -> T? {
        let isOpen = isClosed.withLock { isClosed in
            if !isClosed { readers.enter() }
            return !isClosed
        }
        guard isOpen else { return nil }
        defer { readers.leave() }
        return try body()
    }

    /// Lets nobody in any more, and waits for those who are.
    func close() {
        isClosed.withLock { $0 = true }
        readers.wait()
    }
}
