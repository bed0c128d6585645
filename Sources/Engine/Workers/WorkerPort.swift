/// Where what follows from a turn goes to warm workers: their channels, or in a simulation somebody who stands before them.
package protocol WorkerPort: Sendable {
    /// Sends as much as the socket takes at once; the rest follows.
    func send(_ bytes: [UInt8], to worker: Int64)
    /// What the worker said is in the store: these bytes have been of use.
    func received(_ bytes: Int, of worker: Int64)
    /// Lets go of the channel.
    func forget(_ worker: Int64)
}
