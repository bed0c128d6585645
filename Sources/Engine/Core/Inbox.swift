import Platform
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

/// A turn costs processor time that the tasks want, so one is not taken for every report.
package enum Pacing {
    /// How long the supervisor may gather reports of a busy pool, in milliseconds. What is longer makes fewer turns, and needs more
    /// orders in hand to keep the slots busy meanwhile.
    package static let gather: UInt32 = 10
}
