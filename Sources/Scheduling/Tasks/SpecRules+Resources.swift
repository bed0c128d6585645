import OrchProtocol

extension SpecRules {
    static func check(_ resources: ResourceLimits?, _ path: String?) throws(WireError) {
        for (resource, amount) in resources?.all ?? [] { try check(amount, "resources.\(resource.rawValue)", path) }
    }

    static func check(_ resources: ResourceLimits, in pool: PoolSettings, _ path: String?) throws(WireError) {
        guard pool.warm == nil || resources.isEmpty else {
            throw WireError(
                .invalidParameter,
                "the workers of pool \"\(pool.name)\" start before the task is known, so only the pool can limit them",
                field: field("resources", path))
        }
        for (resource, amount) in resources.all {
            guard let maximum = pool.maximum[resource], amount > maximum else { continue }
            throw WireError(
                .invalidParameter,
                "the pool \"\(pool.name)\" allows \(resource.rawValue) up to \(text(maximum)), not \(text(amount))",
                field: field("resources.\(resource.rawValue)", path))
        }
    }

    private static func text(_ amount: Double) -> String {
        Int64(exactly: amount).map { String($0) } ?? String(amount)
    }
}
