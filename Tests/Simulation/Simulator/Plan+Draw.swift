import Scheduling
import TestSupport

extension Plan {
    /// A life of some minutes to hours, or of the given length.
    public init(seed: UInt64, hours: Int? = nil) {
        var random = SeededGenerator(seed)
        let span: Int64
        let count: Int
        if let hours {
            span = Int64(hours) * 3_600_000
            count = hours * 90
        } else {
            span = [2_000, 20_000, 120_000, 3_600_000][Int.random(in: 0..<4, using: &random)]
            count = Int.random(in: 5...45, using: &random)
        }
        self.seed = seed
        self.span = span
        // In some lives it is the link that fails, again and again, while commits take long.
        let isFlaky = random.chance(12)
        commitTime = isFlaky ? 200 : [0, 2, 10, 200].randomElement(using: &random) ?? 0
        linkTime = isFlaky ? 20 : [0, 1, 20, 500].randomElement(using: &random) ?? 0
        retention = random.chance(25) ? span / 4 : 30 * 86_400_000
        pools = Self.pools(&random)
        // Some lives have no faults at all: in them everything must be exact.
        let faults = random.chance(10) ? 0 : Int.random(in: 5...50, using: &random)
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: isFlaky)
        steps = (0..<count).map { _ in
            // What happens together finds more than what happens apart.
            let at = draw.time()
            return Step(at: at, deed: draw.random.chance(faults) ? draw.fault() : draw.request())
        }
        addWorkers()
        addRoutes()
        addBudgets()
        addPauses()
        addConjunctions()
        addSizes()
        addPoisons()
        steps.sort { $0.at < $1.at }
    }

    /// `long` is only for tasks that are long against a turn, so that its pool is never handed more than it has slots for.
    private static func pools(_ random: inout SeededGenerator) -> [PoolSettings] {
        let grace: Int64 = random.chance(50) ? 200 : 5_000
        return [
            PoolSettings(name: "short", slots: .random(in: 1...3, using: &random), retries: 1, grace: grace),
            PoolSettings(name: "long", slots: .random(in: 1...2, using: &random), timeout: 90_000, grace: grace),
            PoolSettings(name: "mixed", slots: .random(in: 1...4, using: &random), retries: 2, grace: grace),
        ]
    }
}

/// Draws steps.
struct Draw {
    var random: SeededGenerator
    let pools: [PoolSettings]
    let span: Int64
    let isFlaky: Bool
    private var recent: Int64 = 0

    init(random: SeededGenerator, pools: [PoolSettings], span: Int64, isFlaky: Bool) {
        self.isFlaky = isFlaky
        self.random = random
        self.pools = pools
        self.span = span
    }

    mutating func time() -> Int64 {
        recent =
            random.chance(40) ? min(recent + .random(in: 0...15, using: &random), span) : .random(in: 0...span, using: &random)
        return recent
    }

    private mutating func pool() -> String { ["short", "long", "mixed"].randomElement(using: &random) ?? "short" }
    mutating func task() -> Int { .random(in: 0..<1_000_000, using: &random) }
    mutating func tasks() -> [Int] { (0..<Int.random(in: 1...3, using: &random)).map { _ in task() } }

    mutating func request() -> Deed {
        switch Int.random(in: 0..<30, using: &random) {
        case 0..<14:
            let key = random.chance(40) ? Int.random(in: 0..<8, using: &random) : nil
            let jobs = (0..<(key == nil ? Int.random(in: 1...6, using: &random) : 1)).map { _ in job() }
            return .submit(jobs, key: key, user: random.chance(80) ? 1000 : 1001, vanishes: random.chance(10))
        case 14, 15: return .cancel(tasks())
        case 16: return .cancelPool(pool())
        case 17: return .cancelAndRetry(task())
        case 18: return .hold(tasks())
        case 19: return .release(tasks())
        case 20: return .retry(tasks())
        case 21: return .prioritise(task(), .random(in: -2...5, using: &random))
        case 22: return .move(task(), pool())
        case 23: return .postpone(task(), .random(in: -10...5_000, using: &random))
        case 24: return .pause(pool())
        case 25, 26: return .resume(pool())
        case 27: return random.chance(70) ? .drain(pool()) : random.chance(50) ? .drainAll : .shutdown
        case 28: return .resize(pool(), .random(in: 0...4, using: &random))
        default: return .subscribe
        }
    }

    mutating func job(in pool: String? = nil) -> Job {
        var job = Job(pool: pool ?? self.pool())
        switch job.pool {
        case "short": job.duration = .random(in: 0...30, using: &random)
        case "long": job.duration = .random(in: 5_000...60_000, using: &random)
        default:
            job.duration = random.chance(50) ? .random(in: 0...200, using: &random) : .random(in: 0...20_000, using: &random)
        }
        job.endings = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            let ends: [Job.Ending] = [
                .success, .success, .success, .success, .failure, .failure, .crash, .hang, .stubborn, .missing,
            ]
            return ends.randomElement(using: &random) ?? .success
        }
        job.priority = random.chance(50) ? 0 : .random(in: -2...3, using: &random)
        if random.chance(50) { job.retries = .random(in: 0...3, using: &random) }
        job.retryDelay = random.chance(40) ? 0 : .random(in: 100...(random.chance(30) ? 60_000 : 3_000), using: &random)
        if random.chance(20) { job.timeout = .random(in: 100...30_000, using: &random) }
        if random.chance(15) {
            job.idleTimeout = .random(in: 300...5_000, using: &random)
            job.chatter = random.chance(60) ? 200 : 0
        }
        // What hangs must have somebody who ends it.
        let hangs = job.endings.contains { $0 == .hang || $0 == .stubborn }
        if hangs, job.timeout == nil { job.timeout = .random(in: 1_000...40_000, using: &random) }
        if job.pool == "long" {
            job.endings = job.endings.map { $0 == .missing ? .failure : $0 }
            job.timeout = job.timeout.map { max($0, 5_000) }
            job.idleTimeout = job.idleTimeout.map { max($0, 5_000) }
        }
        if random.chance(15) { job.notBefore = .random(in: -100...(span / 3), using: &random) }
        if random.chance(10) { job.expires = .random(in: 0...(span / 2), using: &random) }
        job.isHeld = random.chance(8)
        job.hasInput = random.chance(10)
        return job
    }

    mutating func fault() -> Deed {
        if isFlaky, random.chance(70) {
            return random.chance(70) ? .linkLostWithLaunch : .linkLost(times: .random(in: 1...6, using: &random))
        }
        switch Int.random(in: 0..<34, using: &random) {
        case 0, 1: return .engine(.killed)
        case 2..<5: return .engine(.killedBeforeCommit)
        case 5..<11: return .engine(.killedAfterEffects(.random(in: 0...8, using: &random)))
        case 11, 12: return .engine(.restarted)
        case 13, 14: return .supervisor(.killed)
        case 15, 16: return .supervisor(.replaced)
        case 17: return .supervisor(.terminated)
        case 18: return .boot
        case 32, 33: return .linkLostWithLaunch
        case 19, 20: return .linkLost(times: .random(in: 1...4, using: &random))
        case 21: return .linkSlow(by: .random(in: 10...5_000, using: &random), for: .random(in: 100...20_000, using: &random))
        case 22, 30, 31: return .clock(.random(in: -7_200_000...7_200_000, using: &random))
        case 23: return .diskFull(for: .random(in: 10...5_000, using: &random))
        case 24, 25: return .diskFails(times: .random(in: 1...3, using: &random))
        case 26: return .shortage(for: .random(in: 10...3_000, using: &random))
        case 27: return .reload(changedPools())
        case 28: return .outputLimit(task())
        default: return .repeatReports
        }
    }

    private mutating func changedPools() -> [PoolSettings] {
        var changed = pools
        if random.chance(40) { changed.remove(at: .random(in: 0..<changed.count, using: &random)) }
        for index in changed.indices where random.chance(50) {
            changed[index].slots = .random(in: 0...4, using: &random)
            changed[index].retries = .random(in: 0...2, using: &random)
        }
        return changed
    }
}
