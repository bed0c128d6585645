import OrchProtocol
import Synchronization

extension Streams {
    /// `events.subscribe`: sends what is in the store after a number, and continues when there is more.
    ///
    /// It always reads from the store, never from what is happening, so that it has no gap however slow its client is.
    func subscribe(_ parameters: SubscribeParameters, _ responder: Responder) throws {
        let last = try store.lastEvent()
        let after = parameters.after ?? last
        guard after >= 0, after <= last else {
            throw WireError(.invalidParameter, "there is no event \(after) yet; the latest is \(last)", field: "after")
        }
        if let first = try store.firstEvent(), after + 1 < first {
            throw WireError(
                .invalidParameter, "events up to \(first - 1) are no longer kept; start after \(first - 1)", field: "after")
        }
        let until = parameters.follow == false ? last : .max
        let position = Mutex(after)
        responder.stream(readers, hearing: news) { [store] runner in
            let after = position.withLock { $0 }
            let events = try store.events(after: after).filter { $0.seq <= until }
            guard let newest = events.last?.seq else {
                guard parameters.follow == false else { return runner.finished() }
                runner.end()
                return responder.succeed(SubscribeEnd(last: after))
            }
            position.withLock { $0 = newest }
            let sent = events.map { responder.notify(.event(request: responder.id, $0)) }
            runner.finished(after: sent[sent.count - 1])
        }
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
