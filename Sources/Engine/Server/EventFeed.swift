import NIOCore
import OrchProtocol
import Synchronization

extension Streams {
    /// `events.subscribe`: sends what is in the store after a number, and continues when there is more.
    ///
    /// It always reads from the store, never from what is happening, so that it has no gap however slow its client is. Which numbers are
    /// kept from a task is said before the next event that it sees, and when they are many.
    func subscribe(_ parameters: SubscribeParameters, _ sight: Sight, _ responder: Responder) throws {
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
        let position = Mutex(FeedPosition(read: after, told: after))
        responder.stream(readers, hearing: news) { [store] runner in
            var place = position.withLock { $0 }
            let events = try store.events(after: place.read).filter { $0.seq <= until }
            guard let newest = events.last?.seq else {
                guard parameters.follow == false else { return runner.finished() }
                runner.end()
                return responder.succeed(SubscribeEnd(last: place.read))
            }
            place.read = newest
            var last: EventLoopFuture<Void>?
            for piece in try sight.sift(events, after: place.told, known: &place.known) {
                switch piece {
                case .event(let event):
                    place.told = event.seq
                    last = responder.notify(.event(request: responder.id, event))
                case .omitted(let numbers):
                    // It may become more before there is anything to see.
                    guard numbers.upperBound < newest || numbers.count >= FeedPosition.mostUntold else { continue }
                    place.told = numbers.upperBound
                    last = responder.notify(.omitted(request: responder.id, Omission(numbers)))
                }
            }
            position.withLock { $0 = place }
            guard let last else { return runner.finished(again: true) }
            runner.finished(after: last)
        }
    }
}

/// How far a feed is.
private struct FeedPosition {
    /// How many numbers may be kept from a client without a word.
    static let mostUntold = 1000

    /// The last event that it has looked at.
    var read: Int64
    /// The last that its client knows of.
    var told: Int64
    /// Tasks whose events its client sees.
    var known: Set<Int64> = []
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
