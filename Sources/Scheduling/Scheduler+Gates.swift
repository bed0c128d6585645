import OrchProtocol

/// What keeps tasks of several pools from starting for a while.
extension Scheduler {
    /// Lets no task through a gate until a time.
    ///
    /// - Parameter until: in milliseconds since 1970; nil where it is not known.
    mutating func closeGate(
        _ name: String, until: Int64?, reason: String, _ work: inout TurnWork<some TaskTransaction>
    ) throws {}
}

/// The names of gates.
public enum GateName {
    public static func agent(_ name: String, provider: String) -> String { "agent:\(name)/\(provider)" }
}
