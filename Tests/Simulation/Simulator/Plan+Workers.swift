import Scheduling
import TestSupport

extension Plan {
    static let warmPool = "warm"

    /// Gives most lives what the rest of them has not: warm workers, an agent that has an allowance, and limits across pools. It comes
    /// from a generator of its own, so that a life without them is what it was before there were any.
    mutating func addWorkers() {
        var random = SeededGenerator(seed ^ 0x3C3C_C3C3_5A5A_A5A5)
        guard random.chance(70) else { return }
        let grace = pools.first?.grace
        workerFaults = random.chance(30) ? 0 : .random(in: 5...60, using: &random)
        var warm = PoolSettings(name: Self.warmPool, slots: .random(in: 1...3, using: &random), retries: 1, grace: grace)
        warm.warm = Self.warmSettings(span, slots: warm.slots, &random)
        let prompts = PoolSettings(
            name: SimulatedAgent.pool, slots: .random(in: 1...3, using: &random), agent: SimulatedAgent.name, retries: 1,
            grace: grace)
        pools += [warm, prompts]
        if random.chance(60) { limits = Self.limits(&random) }
        let faults = steps.contains { $0.deed.isFault } ? 15 : 0
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: false)
        let count = max(6, steps.count / 2)
        steps += (0..<count).map { _ in
            Step(at: draw.time(), deed: draw.random.chance(faults) ? draw.workerFault() : draw.workerRequest())
        }
    }

    fileprivate static func warmSettings(_ span: Int64, slots: Int, _ random: inout SeededGenerator) -> WarmSettings {
        WarmSettings(
            minReady: .random(in: 0...slots, using: &random),
            maxIdle: random.chance(50) ? WarmSettings.defaultMaxIdle : max(span / 10, 1_000),
            readyTimeout: random.chance(50) ? 1_000 : 20_000, fingerprint: .random(in: 1...3, using: &random))
    }

    fileprivate static func limits(_ random: inout SeededGenerator) -> [ConcurrencyLimit] {
        var limits = ["a", "b"].map { group in
            ConcurrencyLimit(
                name: group, maximum: .random(in: 1...3, using: &random), matcher: TaskMatcher(label: "group=\(group)"))
        }
        if random.chance(30) {
            limits.append(ConcurrencyLimit(name: "warm", maximum: 1, matcher: TaskMatcher(pool: Self.warmPool)))
        }
        if random.chance(20) { limits.remove(at: 0) }
        return limits
    }
}

extension Draw {
    fileprivate mutating func workerRequest() -> Deed {
        let pool = random.chance(60) ? Plan.warmPool : SimulatedAgent.pool
        switch Int.random(in: 0..<16, using: &random) {
        case 0: return .cancel(tasks())
        case 1: return .pause(pool)
        case 2: return .resume(pool)
        case 3: return .resize(pool, .random(in: 0...4, using: &random))
        case 4: return .resumeAgent
        case 5: return random.chance(50) ? .drain(pool) : .move(task(), pool)
        default:
            let key = random.chance(20) ? Int.random(in: 10..<14, using: &random) : nil
            let jobs = (0..<(key == nil ? Int.random(in: 1...5, using: &random) : 1)).map { _ in workerJob() }
            return .submit(jobs, key: key, user: 1000, vanishes: random.chance(10))
        }
    }

    /// A job with a group, for whichever pool.
    private mutating func workerJob() -> Job {
        let name =
            [Plan.warmPool, Plan.warmPool, SimulatedAgent.pool, "short", "mixed"].randomElement(using: &random) ?? "mixed"
        var job = job(in: name)
        job.group = ["a", "a", "b", nil].randomElement(using: &random) ?? nil
        guard name == SimulatedAgent.pool else { return job }
        job.isPrompt = true
        job.hasInput = false
        // What is limited does not count, so that it must come to its end in another way.
        job.endings = job.endings.map { $0 == .missing ? .limitedUntil : $0 }
        if random.chance(40) { job.endings.insert(random.chance(50) ? .limited : .limitedUntil, at: 0) }
        if job.endings.last == .limitedUntil { job.endings.append(.success) }
        return job
    }

    fileprivate mutating func workerFault() -> Deed {
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1:
            var changed = pools
            for index in changed.indices where random.chance(60) {
                guard changed[index].warm != nil else { continue }
                changed[index].slots = .random(in: 0...3, using: &random)
                changed[index].warm = Plan.warmSettings(span, slots: 2, &random)
            }
            if random.chance(20) { changed.removeAll { $0.warm != nil } }
            return .reload(changed)
        case 2, 3: return .changeLimits(random.chance(20) ? [] : Plan.limits(&random))
        case 4: return .engine(.killedAfterEffects(.random(in: 0...8, using: &random)))
        default: return .supervisor(random.chance(50) ? .replaced : .killed)
        }
    }
}
