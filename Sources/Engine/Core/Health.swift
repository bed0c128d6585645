import OrchProtocol
import Platform
import Storage
import Synchronization

/// What is wrong at the moment, for `status`.
@dynamicMemberLookup
final class Health: Sendable {
    struct State {
        var isDraining = false
        /// What keeps the store from taking anything, nil while it works.
        var storageProblem: WireError?
        /// In percent, while it is so much that nothing is started.
        var memoryPressure: Double?
        var setAside: [String] = []
    }
    private static let maximumSetAside = 20

    private let state = Mutex(State())

    subscript<Value: Sendable>(dynamicMember path: WritableKeyPath<State, Value>) -> Value {
        get { state.withLock { $0[keyPath: path] } }
        set { state.withLock { $0[keyPath: path] = newValue } }
    }

    /// Keeps what was set aside by a fault of the program; of much, the last.
    func note(_ problem: String) {
        state.withLock { $0.setAside = ($0.setAside + [problem]).suffix(Self.maximumSetAside) }
    }

    /// - Parameter link: why nothing can be started for lack of a supervisor.
    func problems(link: String?) -> [String] {
        var problems: [String] = []
        if let problem = self.storageProblem { problems.append(problem.message) }
        if let link {
            problems.append("\(link), so nothing is started; see `journalctl -u orchd-supervisor -u orchd`")
        }
        return problems + self.setAside
    }
}

extension WireError {
    /// What a client is told when the store fails.
    init(storage error: any Error) {
        switch error {
        case let error as StorageError where error.code == .full:
            self.init(.storageFull, "\(error.description); free some space and try again")
        case let error as StorageError: self.init(.storageFailed, error.description)
        case let error as SystemError: self.init(.storageFailed, error.description)
        case let error as WireError: self = error
        default: self.init(.internalError, "unexpected error: \(error)")
        }
    }
}
