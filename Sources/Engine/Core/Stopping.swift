import Foundation
import Synchronization

/// Where the engine's main thread waits to be told to end.
final class Stopping: Sendable {
    enum Order: Int, Sendable, Comparable {
        case none
        /// Start nothing more, and end when nothing runs.
        case drained
        /// End now; what runs continues with the supervisor.
        case now

        static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    private let order = Mutex(Order.none)
    private let semaphore = DispatchSemaphore(value: 0)

    func request(_ new: Order) {
        order.withLock { $0 = max($0, new) }
        semaphore.signal()
    }

    /// Something has changed that an order may depend on.
    func poke() { semaphore.signal() }

    var current: Order { order.withLock { $0 } }

    func wait() { semaphore.wait() }

    /// False when the deadline came first.
    func wait(until deadline: DispatchTime) -> Bool { semaphore.wait(timeout: deadline) == .success }
}
