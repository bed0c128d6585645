import Synchronization

/// Runs a body again and again, one run at a time, as long as there is a reason: each `signal` makes one run happen after it, and
/// several that come during a run make one more together. It is how a stream neither misses a change nor runs twice at once.
final class CoalescingRunner: Sendable {
    private enum State {
        case idle
        case running
        case runningWithMore
        case ended
    }

    private let state = Mutex(State.idle)
    private let readers: ReaderPool
    private let body: @Sendable (CoalescingRunner) -> Void

    /// - Parameter body: must call `finished` on every path, at once or later, unless it calls `end`.
    init(readers: ReaderPool, body: @escaping @Sendable (CoalescingRunner) -> Void) {
        self.readers = readers
        self.body = body
    }

    func signal() {
        let mustRun = state.withLock { state in
            switch state {
            case .idle:
                state = .running
                return true
            case .running:
                state = .runningWithMore
                return false
            case .runningWithMore, .ended: return false
            }
        }
        if mustRun { readers.run { self.body(self) } }
    }

    /// - Parameter again: whether there is more to do, without waiting for a signal.
    func finished(again: Bool = false) {
        let mustRun = state.withLock { state in
            switch state {
            case .running where !again:
                state = .idle
                return false
            case .running, .runningWithMore:
                state = .running
                return true
            case .idle, .ended: return false
            }
        }
        if mustRun { readers.run { self.body(self) } }
    }

    func end() { state.withLock { $0 = .ended } }
}
