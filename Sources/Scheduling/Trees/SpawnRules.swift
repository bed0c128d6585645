/// `[spawn]` of a pool: what its tasks may do through their doors.
public struct SpawnRules: Sendable, Equatable {
    public static let defaultDepth = 3
    public static let defaultChildren = 50

    /// Where they may start tasks. With none, they may only ask people and say how far they are.
    public var pools: [String]
    /// How many levels of tasks may be below one of them.
    public var depth: Int
    /// How many tasks one of them may start in all, those that its children start among them.
    public var children: Int
    /// How many of these may run at once; nil for as many as their pools have slots.
    public var running: Int?
    /// How many attempts of the pool may wait for answers of people beside those that hold its slots; nil for as many as it has slots.
    public var parked: Int?
    /// Whether they may start tasks that continue when they have ended.
    public var detach: Bool

    public init(
        pools: [String] = [], depth: Int = Self.defaultDepth, children: Int = Self.defaultChildren, running: Int? = nil,
        parked: Int? = nil, detach: Bool = false
    ) {
        self.pools = pools
        self.depth = depth
        self.children = children
        self.running = running
        self.parked = parked
        self.detach = detach
    }
}
