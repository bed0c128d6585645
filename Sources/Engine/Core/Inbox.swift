import Scheduling
import Synchronization

/// Where everything that happens waits for the next turn.
final class Inbox: Sendable {
    private struct State {
        var inputs: [Input] = []
        var isWaiting = false
    }

    private let state = Mutex(State())
    let wakeup: Wakeup

    init() throws(SystemError) { wakeup = try Wakeup() }

    func push(_ inputs: [Input]) {
        let mustWake = state.withLock { state in
            state.inputs += inputs
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if mustWake { wakeup.signal() }
    }

    /// Takes everything. Where there is nothing, the next push will wake the turn loop.
    func drain() -> [Input] {
        state.withLock { state in
            defer { state.inputs = [] }
            state.isWaiting = state.inputs.isEmpty
            return state.inputs
        }
    }
}
