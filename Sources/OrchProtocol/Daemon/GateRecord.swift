/// Something that keeps tasks from starting, whatever pool they are in.
public struct GateRecord: Codable, Sendable, Equatable {
    /// `agent:NAME/PROVIDER`, `limit:NAME`, `budget:NAME`, `spent:NAME`, or `needs` for tasks that need what their pool does not offer.
    public var name: String
    /// When it opens, where that is known.
    public var until: Timestamp?
    /// Since when it is closed, where that is known.
    public var since: Timestamp?
    /// In words.
    public var reason: String
    /// How many ready tasks wait for it.
    public var waiting: Int

    public init(name: String, reason: String, waiting: Int) {
        self.name = name
        self.reason = reason
        self.waiting = waiting
    }
}
