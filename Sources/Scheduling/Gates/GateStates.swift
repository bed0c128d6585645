/// Says which lanes are open, and counts who has gone through.
public struct GateStates: Sendable {
    private let maxima: [String: Int]
    private let closed: Set<String>
    /// How many run under each limit.
    private var running: [String: Int] = [:]

    /// - Parameter busy: how many tasks of each lane run.
    public init(rules: Rules, gates: [String: Gate], busy: [String: Int]) {
        maxima = Dictionary(rules.limits.map { (GateName.limit($0.name), $0.maximum) }, uniquingKeysWith: { $1 })
        closed = Set(gates.values.filter(\.isClosed).map(\.name))
        for (lane, count) in busy { add(count, to: lane) }
    }

    private mutating func add(_ count: Int, to lane: String) {
        for name in GateName.names(in: lane) where maxima[String(name)] != nil { running[String(name), default: 0] += count }
    }

    /// A task of the lane has been started.
    mutating func enter(_ lane: String) { add(1, to: lane) }

    public func isOpen(_ lane: String) -> Bool {
        lane.isEmpty || GateName.names(in: lane).allSatisfy { isOpen(gate: String($0)) }
    }

    private func isOpen(gate: String) -> Bool {
        if let limit = occupancy(of: gate) { return limit.running < limit.maximum }
        return gate != GateName.needs && !gate.hasPrefix(GateName.spentPrefix) && !closed.contains(gate)
    }

    /// How many run under a limit, and how many may; nil for a gate of another kind.
    public func occupancy(of gate: String) -> (running: Int, maximum: Int)? {
        maxima[gate].map { (running[gate] ?? 0, $0) }
    }
}
