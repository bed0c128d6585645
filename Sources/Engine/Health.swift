import OrchProtocol
import Synchronization

/// What is wrong at the moment, for `status`.
final class Health: Sendable {
    private struct State {
        var isDraining = false
        var storage: (@Sendable () -> WireError?)?
    }

    private let state = Mutex(State())

    var isDraining: Bool {
        get { state.withLock { $0.isDraining } }
        set { state.withLock { $0.isDraining = newValue } }
    }

    /// Where to ask whether the store works.
    func watchStorage(_ problem: @escaping @Sendable () -> WireError?) {
        state.withLock { $0.storage = problem }
    }

    func problems(hasSupervisor: Bool) -> [String] {
        var problems: [String] = []
        if let problem = state.withLock({ $0.storage })?() { problems.append(problem.message) }
        if !hasSupervisor {
            problems.append("the supervisor is not running, so nothing is started; see `systemctl status orchd-supervisor`")
        }
        return problems
    }
}
