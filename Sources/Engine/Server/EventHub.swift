import OrchProtocol
import Synchronization

/// Tells those who listen that something has happened. What it was they read from the store, each at its own speed, so that a slow
/// one costs nothing and none has a gap.
final class EventHub: Sendable {
    typealias Listener = @Sendable ([Event]) -> Void

    private struct State {
        var next = 0
        var listeners: [Int: Listener] = [:]
    }

    private let state = Mutex(State())
    private let journal: JournalWriter

    init(journal: JournalWriter) { self.journal = journal }

    /// Calls the listener after every turn that had events, on the turn loop's thread, until it is removed.
    func listen(_ listener: @escaping Listener) -> Int {
        state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
    }

    func remove(_ number: Int) {
        state.withLock { _ = $0.listeners.removeValue(forKey: number) }
    }

    func publish(_ events: [Event]) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener(events) }
        journal.tell(events)
    }
}
