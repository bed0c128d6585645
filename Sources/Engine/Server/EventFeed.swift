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

    func start(_ news: EventHub) {
        let runner = CoalescingRunner(readers: readers) { self.run($0) }
        let listener = news.listen { _ in runner.signal() }
        responder.onClose {
            news.remove(listener)
            runner.end()
        }
        runner.signal()
    }

    private func run(_ runner: CoalescingRunner) {
        let after = last.withLock { $0 }
        do {
            let events = try store.events(after: after).filter { $0.seq <= until ?? .max }
            guard let newest = events.last?.seq else {
                if until != nil {
                    runner.end()
                    responder.succeed(SubscribeEnd(last: after))
                } else {
                    runner.finished()
                }
                return
            }
            last.withLock { $0 = newest }
            // The next are read when the client has taken these.
            let sent = events.map { responder.notify(.event(request: responder.id, $0)) }
            sent[sent.count - 1].whenComplete { result in
                if case .success = result { runner.finished(again: true) } else { runner.end() }
            }
        } catch {
            runner.end()
            responder.fail(WireError(storage: error))
        }
    }
}
