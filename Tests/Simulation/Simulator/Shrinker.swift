/// Takes steps out of a plan for as long as it fails, so that what is left is what it takes.
public struct Shrinker {
    /// The most lives that are spent on it.
    public var limit = 400
    public private(set) var lives = 0

    public init() {}

    public mutating func shrink(_ failed: SimulatedRun) -> SimulatedRun {
        var best = failed
        var size = max(best.plan.steps.count / 2, 1)
        while size >= 1 {
            var index = 0
            var removed = false
            while index < best.plan.steps.count, lives < limit {
                var plan = best.plan
                plan.steps.removeSubrange(index..<min(index + size, plan.steps.count))
                lives += 1
                let life = SimulatedRun(plan, mutation: failed.mutation)
                if life.isGood {
                    index += size
                } else {
                    best = life
                    removed = true
                }
            }
            if size == 1, !removed { break }
            size = size == 1 ? 1 : size / 2
            if lives >= limit { break }
        }
        return SimulatedRun(best.plan, mutation: failed.mutation, keepsTrace: true)
    }
}
