import SupervisorLink

/// The way to the supervisor, as what carries out effects sees it.
package protocol SupervisorPort: Sendable {
    /// The version of the link that both speak; the newest one while nobody is there.
    var version: UInt32 { get }
    func send(_ message: EngineMessage, descriptors: [Descriptor])
    /// Lets orders pass on the connection whose inventory has been taken, unless there is another one by now.
    func open(_ connection: UInt64)
}

extension SupervisorPort {
    package var version: UInt32 { LinkProtocol.version }

    func send(_ message: EngineMessage) { send(message, descriptors: []) }
}
