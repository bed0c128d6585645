/// A descriptor to look at while waiting for the daemon: how a Ctrl-C gets through to a client that waits.
public struct Watch {
    /// A descriptor that becomes readable, such as a signalfd.
    public var descriptor: Int32
    /// Called whenever it is readable. Must read from it; what it throws ends the wait.
    public var onReadable: () throws -> Void

    public init(descriptor: Int32, onReadable: @escaping () throws -> Void) {
        self.descriptor = descriptor
        self.onReadable = onReadable
    }
}
