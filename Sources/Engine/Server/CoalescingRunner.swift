import NIOCore
import NIOPosix
import OrchProtocol
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
            case .idle:
                assertionFailure("a run has ended that has not begun")
                return false
            case .ended: return false
            }
        }
        if mustRun { readers.run { self.body(self) } }
    }

    func end() { state.withLock { $0 = .ended } }

    // MARK: Streams

    /// Goes on with what there is more when the client has taken what was sent, so that a slow reader costs no memory.
    func finished(again: Bool = true, after sent: EventLoopFuture<Void>) {
        sent.whenComplete { result in
            if case .success = result { self.finished(again: again) } else { self.end() }
        }
    }
}

extension Responder {
    /// Takes a step of a stream at once, and one after all events that concern it, until the stream or its connection has ended. What a step
    /// throws is the answer.
    ///
    /// - Parameter onEnd: called at the end, perhaps twice.
    @discardableResult func stream(
        _ readers: ReaderPool, hearing news: EventHub? = nil,
        _ concerns: @escaping @Sendable ([Event]) -> Bool = { _ in true },
        onEnd: @escaping @Sendable () -> Void = {}, _ step: @escaping @Sendable (CoalescingRunner) throws -> Void
    ) -> CoalescingRunner {
        let runner = CoalescingRunner(readers: readers) { runner in
            do {
                try step(runner)
            } catch {
                runner.end()
                onEnd()
                fail(WireError(storage: error))
            }
        }
        // Listening begins before the first look, so that nothing falls between the two.
        let listener = news?.listen { if concerns($0) { runner.signal() } }
        self.onEnd {
            if let listener { news?.remove(listener) }
            runner.end()
            onEnd()
        }
        runner.signal()
        return runner
    }
}

/// Threads for reads that may block.
struct ReaderPool: Sendable {
    typealias Body = @Sendable () -> Void

    private let submit: @Sendable (@escaping Body) -> Void

    /// - Parameter submit: runs a body at some time, on a thread that is not the caller's.
    init(_ submit: @escaping @Sendable (@escaping Body) -> Void) { self.submit = submit }

    /// Drops what comes when the daemon is stopping.
    init(threads: NIOThreadPool) {
        self.init { body in threads.submit { state in if case .active = state { body() } } }
    }

    func run(_ body: @escaping Body) { submit(body) }
}
