import Glibc
import OrchProtocol
import Platform
import Synchronization

/// The daemon's events from a cursor on, over its restarts: what everybody needs who shows what is there.
///
/// The updates come in batches, in order. A caller that keeps the `seq` of the last event that it has handled, and passes it as
/// `after` the next time, misses nothing; where events are gone, it is told of the ``Update/gap(after:before:)``.
///
/// A thread of its own reads from the socket, and stops reading while ``capacity`` updates wait to be taken. It ends with
/// ``stop()``, or when the task that takes them is cancelled.
public final class Follow: AsyncSequence, Sendable {
    public enum Update: Sendable, Equatable {
        /// There is a daemon again; `last` is the number of its latest event.
        case connected(last: Int64)
        /// There is none, and why, as a sentence without its full stop. Said once; the search continues.
        case disconnected(reason: String)
        /// The events between these two numbers will never come: they are kept no longer, a backup was put back, or it is
        /// another queue (`before` is then not above `after`). What is there has to be asked for (`task.list`).
        case gap(after: Int64, before: Int64)
        case event(Event)
    }

    /// How many updates may wait to be taken.
    public static let capacity = 1024

    private let follower: Follower

    /// - Parameters:
    ///   - path: the daemon's socket.
    ///   - after: the last event that was dealt with; nil to begin with what happens from now on.
    ///   - pauses: the wait before another look for a daemon that is away; it doubles from the first to the last.
    public init(
        path: String, after: Int64?, pauses: ClosedRange<Duration> = .milliseconds(100)...(.seconds(5))
    ) throws(ClientError) {
        do throws(SystemError) {
            let bell = try Wakeup()
            follower = Follower(path: path, after: after, pauses: pauses, bell: bell)
            try startThread("follow") { [follower] in follower.run() }
        } catch { throw .noDaemon(path: path, errno: error.code) }
    }

    deinit { follower.stop() }

    /// Ends the sequence. What waits is dropped.
    public func stop() { follower.stop() }

    /// For one consumer.
    public func makeAsyncIterator() -> Iterator { Iterator(follow: self) }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let follow: Follow

        /// All updates that wait, at least one; nil once it is stopped.
        public func next() async -> [Update]? { await follow.follower.next() }
    }
}

/// The thread's side.
private final class Follower: Sendable {
    private struct State {
        var waiting: [Follow.Update] = []
        var consumer: CheckedContinuation<[Follow.Update]?, Never>?
        var isStopped = false
        /// The thread waits for room.
        var isFull = false
    }

    private struct Stopped: Error {}

    private let path: String
    private let bell: Wakeup
    private let pauses: ClosedRange<Duration>
    private let first: Int64?
    private let state = Mutex(State())

    init(path: String, after: Int64?, pauses: ClosedRange<Duration>, bell: Wakeup) {
        self.path = path
        first = after
        self.pauses = pauses
        self.bell = bell
    }

    func stop() {
        let consumer = state.withLock { state -> CheckedContinuation<[Follow.Update]?, Never>? in
            state.isStopped = true
            state.waiting = []
            defer { state.consumer = nil }
            return state.consumer
        }
        consumer?.resume(returning: nil)
        bell.signal()
    }

    func next() async -> [Follow.Update]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (ready, hasRoom) = state.withLock { state -> ([Follow.Update]??, Bool) in
                    if state.isStopped { return (.some(nil), false) }
                    guard !state.waiting.isEmpty else {
                        state.consumer = continuation
                        return (nil, false)
                    }
                    defer {
                        state.waiting = []
                        state.isFull = false
                    }
                    return (.some(state.waiting), state.isFull)
                }
                if hasRoom { bell.signal() }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            stop()
        }
    }

    // MARK: On the thread

    func run() {
        var cursor = first
        var pause = pauses.lowerBound
        var isLost = false
        while true {
            do {
                try follow(&cursor) {
                    pause = pauses.lowerBound
                    isLost = false
                }
            } catch is Stopped {
                return
            } catch {
                do {
                    if !isLost { try tell(.disconnected(reason: "\((error as? WireError)?.message ?? "\(error)")")) }
                    isLost = true
                    try rest(pause)
                } catch {
                    return
                }
                pause = min(pause * 2, pauses.upperBound)
            }
        }
    }

    /// One connection, until it ends.
    private func follow(_ cursor: inout Int64?, onConnect: () -> Void) throws {
        let connection = try Connection(path: path, patience: 30)
        connection.watches = [watch {}]
        let newest = try connection.call(.status).lastEvent
        onConnect()
        var last = cursor ?? newest
        if last > newest {
            // A queue that has not yet had as many events is not the one that was followed.
            try tell(.gap(after: last, before: newest + 1))
            last = newest
        }
        cursor = last
        try tell(.connected(last: newest))
        _ = try connection.call(.subscribe, SubscribeParameters(after: last)) { notification in
            if case .omitted(_, let omission) = notification {
                last = max(last, omission.last)
                cursor = last
            }
            guard case .event(_, let event) = notification, event.seq > last else { return }
            if event.seq > last + 1 { try tell(.gap(after: last, before: event.seq)) }
            try tell(.event(event))
            last = event.seq
            cursor = last
        }
        throw ClientError.lost
    }

    /// Hands an update over, as soon as there is room for it.
    private func tell(_ update: Follow.Update) throws {
        while true {
            let (isTaken, consumer) = try state.withLock {
                state throws -> (Bool, CheckedContinuation<[Follow.Update]?, Never>?) in
                guard !state.isStopped else { throw Stopped() }
                if let consumer = state.consumer {
                    state.consumer = nil
                    return (true, consumer)
                }
                state.isFull = state.waiting.count >= Follow.capacity
                if !state.isFull { state.waiting.append(update) }
                return (!state.isFull, nil)
            }
            consumer?.resume(returning: [update])
            if isTaken { return }
            try waitForRoom()
        }
    }

    private func rest(_ pause: Duration) throws {
        _ = try Poll.wait(-1, for: 0, [watch {}], until: .now + pause)
    }

    private func waitForRoom() throws {
        struct Rung: Error {}
        do { _ = try Poll.wait(-1, for: 0, [watch { throw Rung() }], until: nil) } catch is Rung {}
    }

    /// What to do while the thread waits and the bell rings: end, or else this.
    private func watch(_ onRing: @escaping () throws -> Void) -> Watch {
        Watch(descriptor: bell.descriptor.number) { [self] in
            bell.clear()
            if state.withLock({ $0.isStopped }) { throw Stopped() }
            try onRing()
        }
    }
}
