import OrchProtocol
import Scheduling
import Settings

/// Reads `[spawn]` of a pool, and judges it together with the other pools.
package enum SpawnReader {
    package static func rules(_ top: ConfigurationFile.Section) -> SpawnRules? {
        guard let section = top.section("spawn") else { return nil }
        defer { section.finish() }
        if !section.keys.contains("pools") {
            section.fault(
                nil,
                """
                [spawn] needs pools: those where the tasks of this pool may start others, such as ["research"]; [] lets them only ask \
                people and report progress
                """)
        }
        var rules = SpawnRules(pools: section.strings("pools") ?? [])
        if let depth = section.integer("depth", in: 1...SpecRules.deepest) { rules.depth = depth }
        if let children = section.integer("children", in: 0...SpecRules.mostChildren) { rules.children = children }
        rules.running = section.integer("running", in: 1...10_000)
        rules.parked = section.integer("parked", in: 0...10_000)
        rules.detach = section.boolean("detach") ?? false
        return rules
    }

    /// What is wrong with the pools that it names, each with words for it.
    package static func faults(of pool: PoolSettings, among pools: [PoolSettings]) -> [String] {
        (pool.spawn?.pools ?? []).compactMap { name in
            guard let other = pools.first(where: { $0.name == name }) else {
                return "there is no pool \"\(name)\": no file pools.d/\(name).toml"
            }
            guard other.runsAsSubmitter, !pool.runsAsSubmitter else { return nil }
            return """
                the pool "\(name)" runs each task as its submitter, and the pool "\(pool.name)" does not: a task of this pool could \
                become any user who submits to it; leave "\(name)" out, or set user = "submitter" here, too
                """
        }
    }
}

extension Configuration {
    /// What is valid and most likely not meant.
    public var warnings: [String] {
        pools.compactMap { pool in
            guard let spawn = pool.settings.spawn, !spawn.pools.isEmpty, pool.settings.takesPrompts,
                !budgets.contains(where: { $0.period == .tree })
            else { return nil }
            return """
                the pool "\(pool.settings.name)" has an agent and [spawn], and nothing limits what the tasks of such an agent may cost \
                together; add a [budget.NAME] with per = "tree", or submit with --scope-cost
                """
        }
    }
}
