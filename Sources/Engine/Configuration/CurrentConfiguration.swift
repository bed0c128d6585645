import Synchronization

/// The configuration in force. It is replaced as a whole.
final class CurrentConfiguration: Sendable {
    private let stored: Mutex<Configuration>

    init(_ configuration: Configuration) { stored = Mutex(configuration) }

    var value: Configuration {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
