/// What the submitter of a task lets it and all that it starts do through their doors: less than `[spawn]` of its pool does, never more.
public struct TaskScope: Codable, Sendable, Equatable {
    /// The pools that its children may go to.
    public var pools: [String]?
    /// How many tasks it may start in all, its children's children among them.
    public var children: Int?
    /// How many of these may run at once.
    public var running: Int?
    /// What it and all of these may cost together, in millionths of a US dollar.
    public var cost: Int64?

    public init(pools: [String]? = nil, children: Int? = nil, running: Int? = nil, cost: Int64? = nil) {
        self.pools = pools
        self.children = children
        self.running = running
        self.cost = cost
    }

    public var isEmpty: Bool { self == TaskScope() }

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case pools, children, running
        case cost = "cost_micros"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        pools = try container.decodeIfPresent([String].self, forKey: .pools)
        children = try container.decodeIfPresent(Int.self, forKey: .children)
        running = try container.decodeIfPresent(Int.self, forKey: .running)
        cost = try container.decodeIfPresent(Int64.self, forKey: .cost)
    }
}

extension TaskScope: FastReadable {}
