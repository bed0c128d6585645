import Scheduling
import Synchronization

/// A request that waits at the door of a task: while it does, the task lends its place. It begins and ends once, however often it is said.
final class DoorWait: Sendable {
    private enum State {
        case before
        case waiting
        case over
    }

    private let state = Mutex(State.before)
    private let task: Int64
    private let attempt: Int
    private let cause: WaitCause
    private let tell: @Sendable ([Input]) -> Void

    /// Nil where the one who asks is not a task, and so lends nothing.
    init?(by requester: Requester, for cause: WaitCause, _ tell: @escaping @Sendable ([Input]) -> Void) {
        guard case .task(let id) = requester.principal else { return nil }
        task = id
        attempt = requester.attempt
        self.cause = cause
        self.tell = tell
    }

    func begin() {
        // Told inside, so that the two are heard in their order.
        state.withLock { state in
            guard state == .before else { return }
            state = .waiting
            tell([input(1)])
        }
    }

    /// To be called before the answer goes out, so that nothing is lent by who has it.
    func end() {
        state.withLock { state in
            // One that is over before it began never begins.
            if state == .waiting { tell([input(-1)]) }
            state = .over
        }
    }

    private func input(_ change: Int) -> Input { .waits(task: task, attempt: attempt, for: cause, change: change) }
}
