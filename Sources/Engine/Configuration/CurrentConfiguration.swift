import Synchronization

/// The configuration in force. It is replaced as a whole.
final class CurrentConfiguration: Sendable {
    private struct State {
        var configuration: Configuration
        /// Looked up once, since asking for a group may mean asking a server.
        var adminGroups: Set<UInt32>

        init(_ configuration: Configuration) {
            self.configuration = configuration
            adminGroups = Set(configuration.adminGroups.compactMap(UserDatabase.group))
        }
    }

    private let state: Mutex<State>

    init(_ configuration: Configuration) { state = Mutex(State(configuration)) }

    var value: Configuration {
        get { state.withLock { $0.configuration } }
        set { state.withLock { $0 = State(newValue) } }
    }

    /// The numbers of the groups whose members may do everything.
    var adminGroups: Set<UInt32> { state.withLock { $0.adminGroups } }
}
