import Text

/// Something that keeps tasks from starting for a while, whatever pool they are in: an agent that has used up its provider's
/// allowance, or a budget that is spent.
public struct Gate: Sendable, Equatable {
    public var name: String
    /// When it opens, in milliseconds since 1970; ``never`` where only a person or another configuration can open it. Nil for a gate
    /// that is open, and only remembers how often it was closed without being told until when.
    public var until: Int64?
    /// Whether `until` was reckoned from the clock and not told, and so moves along when the clock is set.
    public var isRelative: Bool
    /// In words.
    public var reason: String
    public var since: Int64
    /// How often in a row it was closed without a time.
    public var attempts: Int

    public static let never = Int64.max

    public init(
        name: String, until: Int64?, isRelative: Bool = false, reason: String, since: Int64, attempts: Int = 0
    ) {
        self.name = name
        self.until = until
        self.isRelative = isRelative
        self.reason = reason
        self.since = since
        self.attempts = attempts
    }

    public var isClosed: Bool { until != nil }
}

/// The names of gates. A task's lane is the names of those it has to pass, sorted, with blanks between them.
public enum GateName {
    public static let limitPrefix = "limit:"
    public static let budgetPrefix = "budget:"
    public static let agentPrefix = "agent:"
    /// Always closed, for a task that has spent a budget of its own.
    public static let spentPrefix = "spent:"
    /// Of tasks whose pool does not offer what they need.
    public static let needs = "needs"
    /// Of tasks that those above them may not have in their pool.
    public static let rights = "rights"
    private static let needsPrefix = "needs:"

    /// A gate of an agent with one of its providers; empty for an agent that has but one.
    public static func agent(_ name: String, provider: String) -> String { canonical("agent:\(name)/\(provider)") }
    /// A gate of tasks that only some of a pool's warm workers can do: those that have all these capabilities, which are words.
    static func needs(_ capabilities: some Sequence<String>) -> String {
        needsPrefix + capabilities.sorted().joined(separator: ",")
    }
    /// What a worker must have for a lane, beyond what its pool lists.
    static func needs(in lane: String) -> [Substring] {
        names(in: lane).first { $0.has(prefix: needsPrefix) }?.dropFirst(needsPrefix.utf8.count).split(separator: ",") ?? []
    }
    public static func limit(_ name: String) -> String { canonical(limitPrefix + name) }
    /// The part of a limit that a submitter has for themselves; empty for what those share who are too many.
    static func limit(_ name: String, share: String) -> String { canonical("\(limitPrefix)\(name)/\(share)") }
    public static func budget(_ name: String) -> String { canonical(budgetPrefix + name) }
    public static func spent(_ name: String) -> String { canonical(spentPrefix + name) }

    /// What keeps the tasks below one of them from running all at once: how many may is a part of the name, so that nobody has to look it up.
    static func tree(_ id: Int64, most: Int) -> String { "\(treePrefix)\(id)/\(most)" }
    public static let treePrefix = "tree:"

    /// How many may run at once below a task, where the gate is that of a tree.
    static func maximum(ofTree gate: String) -> Int? {
        guard gate.hasPrefix(treePrefix), let (_, most) = gate.cut(at: "/") else { return nil }
        return Int(most)
    }

    /// The name under which is counted who has gone through: that of a tree stays when another number may.
    static func counted(_ gate: String) -> String {
        guard gate.hasPrefix(treePrefix), let (tree, _) = gate.cut(at: "/") else { return gate }
        return String(tree)
    }

    /// The same without blanks, which would tear it apart in a lane.
    static func canonical(_ name: String) -> String {
        name.has(" ") ? String(String.UnicodeScalarView(name.unicodeScalars.map { $0 == " " ? "_" : $0 })) : name
    }

    /// The names in a lane.
    public static func names(in lane: String) -> [Substring] {
        // Of most tasks.
        guard !lane.isEmpty else { return [] }
        return lane.utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
    }
}

/// Says which lanes are open, and counts who has gone through.
public struct GateStates: Sendable {
    private let maxima: [String: Int]
    /// Those that each submitter has for themselves, by the same names.
    private let shares: [String: Int]
    private let closed: Set<String>
    /// How many run under each limit, without those whose place everybody may have.
    private var running: [String: Int] = [:]
    /// How many of these lend their place to what is below tasks that wait.
    private var lent: [String: Int] = [:]
    /// How many are below a task that waits, each of which uses what is lent to such, as far as it goes.
    private var kin: [String: Int] = [:]

    /// - Parameter busy: how many tasks of each lane run.
    public init(rules: Rules, gates: [String: Gate], busy: [String: Int]) {
        self.init(rules: rules, gates: gates, busy: busy, lending: .none)
    }

    init(rules: Rules, gates: [String: Gate], busy: [String: Int], lending: Lending) {
        func maxima(_ limits: [ConcurrencyLimit]) -> [String: Int] {
            Dictionary(limits.map { (GateName.limit($0.name), $0.maximum) }, uniquingKeysWith: { $1 })
        }
        self.maxima = maxima(rules.limits.filter { $0.share == nil })
        shares = maxima(rules.limits.filter { $0.share != nil })
        closed = Set(gates.values.filter(\.isClosed).map(\.name))
        for (lane, count) in busy { add(count, to: \.running, lane) }
        for (lane, count) in lending.lanesToAll { add(-count, to: \.running, lane) }
        for (lane, count) in lending.lanesToKin { add(count, to: \.lent, lane) }
        for (lane, count) in lending.kinLanes { add(count, to: \.kin, lane) }
    }

    private mutating func add(_ count: Int, to book: WritableKeyPath<Self, [String: Int]>, _ lane: String) {
        for name in GateName.names(in: lane) where maximum(of: String(name)) != nil {
            self[keyPath: book][GateName.counted(String(name)), default: 0] += count
        }
    }

    private func maximum(of gate: String) -> Int? {
        if let maximum = maxima[gate] { return maximum }
        if let maximum = GateName.maximum(ofTree: gate) { return maximum }
        guard !shares.isEmpty, let (name, _) = gate.cut(at: "/") else { return nil }
        return shares[String(name)]
    }

    /// A task of the lane has been started.
    mutating func enter(_ lane: String, toKin: Bool = false) {
        assert(isOpen(lane, toKin: toKin), "the lane is closed: \(lane)")
        add(1, to: \.running, lane)
        if toKin { add(1, to: \.kin, lane) }
    }

    public func isOpen(_ lane: String) -> Bool { isOpen(lane, toKin: false) }

    /// - Parameter toKin: whether it is for a task below one that waits, which may have the places that such lend.
    func isOpen(_ lane: String, toKin: Bool) -> Bool {
        lane.isEmpty || GateName.names(in: lane).allSatisfy { isOpen(gate: String($0), toKin: toKin) }
    }

    private func isOpen(gate: String, toKin: Bool) -> Bool {
        if let limit = occupancy(of: gate) {
            let name = GateName.counted(gate)
            let lent = lent[name] ?? 0
            return limit.running - (toKin ? lent : min(lent, kin[name] ?? 0)) < limit.maximum
        }
        return gate != GateName.needs && gate != GateName.rights && !gate.hasPrefix(GateName.spentPrefix)
            && !closed.contains(gate)
    }

    /// How many run under a limit, and how many may; nil for a gate of another kind.
    public func occupancy(of gate: String) -> (running: Int, maximum: Int)? {
        maximum(of: gate).map { (running[GateName.counted(gate)] ?? 0, $0) }
    }
}
