import NIOCore
import OrchProtocol
import Storage
import Synchronization

/// One `events.subscribe`: sends what is in the store after a number, and continues when there is more.
///
/// It always reads from the store, never from what is happening, so that it has no gap however slow its client is.
final class EventFeed: Sendable {
    private let last: Mutex<Int64>
    private let until: Int64?
    private let store: any StreamStore
    private let readers: ReaderPool
    private let responder: Responder

    init(after: Int64, until: Int64?, store: any StreamStore, readers: ReaderPool, responder: Responder) {
        last = Mutex(after)
        self.until = until
        self.store = store
        self.readers = readers
        self.responder = responder
    }

    func start(_ news: EventHub) { responder.stream(readers, hearing: news) { try self.step($0) } }

    private func step(_ runner: CoalescingRunner) throws {
        let after = last.withLock { $0 }
        let events = try store.events(after: after).filter { $0.seq <= until ?? .max }
        guard let newest = events.last?.seq else {
            guard until != nil else { return runner.finished() }
            runner.end()
            return responder.succeed(SubscribeEnd(last: after))
        }
        last.withLock { $0 = newest }
        let sent = events.map { responder.notify(.event(request: responder.id, $0)) }
        runner.finished(after: sent[sent.count - 1])
    }
}

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
