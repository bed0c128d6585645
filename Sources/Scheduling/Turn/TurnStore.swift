/// Where turns are committed.
public protocol TurnStore: Sendable {
    associatedtype Transaction: TaskTransaction

    /// Runs a turn in one transaction. When this returns, what the turn wrote is on the disk; when it throws, nothing is.
    func transaction(_ body: (Transaction) throws -> Turn) throws -> Turn
}
