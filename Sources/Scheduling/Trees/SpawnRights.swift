import OrchProtocol

/// What the children of a task may be: what `[spawn]` of its pool and of those of all above it says, and what their scopes leave of that.
/// It is made for each decision, by the configuration that is then in force, so that a right that is taken away is gone at once.
struct SpawnRights {
    /// One of the tasks above a child, from its parent to the root of the tree.
    struct Ancestor {
        let id: Int64
        let pool: String
        let depth: Int
        let priority: Int
        /// Nil where its pool has no `[spawn]`, so that nothing may be below it.
        let rules: SpawnRules?
        let scope: TaskScope?
    }

    let ancestors: [Ancestor]
    /// Whether all above are there: without one of them nobody knows what it left to those below it.
    private let isWhole: Bool
    /// Pools that run each task as its submitter.
    private let submitterPools: Set<String>

    init(_ ancestors: [TaskItem], pools: [String: PoolSettings]) {
        self.ancestors = ancestors.map { task in
            Ancestor(
                id: task.id, pool: task.pool, depth: task.ancestry.depth, priority: task.priority,
                rules: pools[task.pool]?.spawn,
                scope: task.definition.options.scope)
        }
        isWhole = ancestors.first.map { $0.ancestry.depth + 1 == ancestors.count } ?? false
        submitterPools = Set(pools.values.filter(\.runsAsSubmitter).map(\.name))
    }

    /// The pools that a child may be in.
    var pools: Set<String> {
        guard let first = ancestors.first else { return [] }
        return ancestors.dropFirst().reduce(Self.pools(of: first)) { $0.intersection(Self.pools(of: $1)) }
            .filter { complaint(about: $0) == nil }
    }

    private static func pools(of ancestor: Ancestor) -> Set<String> {
        let own = Set(ancestor.rules?.pools ?? [])
        return ancestor.scope?.pools.map { own.intersection($0) } ?? own
    }

    /// Why a child may not be in a pool, in words; nil if it may.
    func complaint(about pool: String) -> String? {
        guard isWhole else { return "a task above it is no longer there, so nobody knows what it may be" }
        for ancestor in ancestors {
            guard let rules = ancestor.rules else {
                return
                    "the pool \"\(ancestor.pool)\" of task \(ancestor.id) has no [spawn], so nothing may start below that task"
            }
            guard rules.pools.contains(pool) else {
                return "[spawn] of the pool \"\(ancestor.pool)\" lets task \(ancestor.id) start tasks \(Self.list(rules.pools))"
            }
            if let pools = ancestor.scope?.pools, !pools.contains(pool) {
                return "the scope of task \(ancestor.id) lets it start tasks \(Self.list(pools))"
            }
        }
        if let parent = ancestors.first, submitterPools.contains(pool), !submitterPools.contains(parent.pool) {
            return """
                the pool "\(pool)" runs each task as its submitter, and the pool "\(parent.pool)" of task \(parent.id) does not, so \
                that task may start none there
                """
        }
        return nil
    }

    private static func list(_ pools: [String]) -> String {
        pools.isEmpty ? "in no pool" : "only in " + pools.map { "\"\($0)\"" }.joined(separator: ", ")
    }

    /// Why a task of this depth may not be there.
    func complaint(aboutDepth depth: Int) -> String? {
        for ancestor in ancestors {
            guard let most = ancestor.rules?.depth, depth - ancestor.depth > most else { continue }
            return """
                it would be \(counted(depth - ancestor.depth, "level")) below task \(ancestor.id), and depth = \(most) in [spawn] of \
                the pool "\(ancestor.pool)" is the limit; let task \(ancestor.id) start it, or raise depth
                """
        }
        return nil
    }

    /// Why a child may not continue when its parent has ended.
    var complaintAboutDetaching: String? {
        ancestors.first { $0.rules?.detach != true }.map {
            "detach = true is not set in [spawn] of the pool \"\($0.pool)\" of task \($0.id), so no task below that one outlives it"
        }
    }

    /// Why this number of tasks more may not be made.
    ///
    /// - Parameter made: how many there are below an ancestor.
    func complaint(aboutChildren more: Int, made: (Int64) throws -> Int) rethrows -> String? {
        for ancestor in ancestors {
            let configured = ancestor.rules?.children ?? 0
            let most = min(configured, ancestor.scope?.children ?? .max)
            let count = try made(ancestor.id)
            guard count + more > most else { continue }
            let place =
                most < configured
                ? "\"children\" of its scope is \(most)"
                : "children = \(most) in [spawn] of the pool \"\(ancestor.pool)\" is the limit"
            return """
                task \(ancestor.id) and those below it have started \(counted(count, "task")), and \(place); give fewer tasks more to \
                do each, or raise children
                """
        }
        return nil
    }
}
