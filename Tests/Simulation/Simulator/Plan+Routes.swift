import Scheduling
import TestSupport

extension Plan {
    static let routerPool = "routers"
    /// The other pool for prompts, where good answers send them.
    static let otherPool = "others"

    /// Gives half of the lives that have an agent a rule with a program. It comes from a generator of its own, so that all the others
    /// are what they were before there were any.
    mutating func addRoutes() {
        var random = SeededGenerator(seed ^ 0x7E7E_1818_C3C3_0101)
        guard random.chance(50), let prompts = pools.first(where: { $0.name == SimulatedAgent.pool }) else { return }
        var other = prompts
        other.name = Self.otherPool
        other.slots = .random(in: 1...2, using: &random)
        other.timeout = random.chance(50) ? 60_000 : nil
        let routers = PoolSettings(
            name: Self.routerPool, slots: .random(in: 1...2, using: &random), grace: pools.first?.grace)
        pools += [other, routers]
        var rule = RouteRule(name: "ask")
        rule.match.label = RouteBehaviour.label
        rule.choice.model = RouteBehaviour.defaultModel
        rule.choice.pool = SimulatedAgent.pool
        rule.program = .init(
            command: [RouteBehaviour.program], pool: Self.routerPool, timeout: .random(in: 200...5_000, using: &random))
        routes = [rule]
        let faults = steps.contains { $0.deed.isFault } ? 20 : 0
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: false)
        let count = max(5, steps.count / 3)
        steps += (0..<count).map { _ in
            Step(at: draw.time(), deed: draw.random.chance(faults) ? draw.routeFault(routes) : draw.routeRequest())
        }
    }
}

extension Draw {
    fileprivate mutating func routeRequest() -> Deed {
        switch Int.random(in: 0..<14, using: &random) {
        case 0: return .cancel(tasks())
        case 1: return .cancelAndRetry(task())
        case 2: return .pause(Plan.routerPool)
        case 3, 4: return .resume(Plan.routerPool)
        case 5:
            return random.chance(50) ? .drain(Plan.routerPool) : .resize(Plan.routerPool, .random(in: 0...3, using: &random))
        case 6:
            return random.chance(50) ? .move(task(), Plan.otherPool) : .prioritise(task(), .random(in: -2...5, using: &random))
        default:
            let jobs = (0..<Int.random(in: 1...4, using: &random)).map { _ in routedJob() }
            return .submit(jobs, key: nil, user: 1000, vanishes: random.chance(10))
        }
    }

    private mutating func routedJob() -> Job {
        var job = job(in: "short")
        job.pool = SimulatedAgent.pool
        job.isPrompt = true
        job.hasInput = false
        job.endings = job.endings.map { $0 == .missing ? .failure : $0 }
        var ask = RouteBehaviour()
        ask.answer = RouteBehaviour.Answer.allCases.randomElement(using: &random) ?? .good
        // Some answer within the time that they have, some too late.
        ask.duration = random.chance(70) ? .random(in: 0...150, using: &random) : .random(in: 100...8_000, using: &random)
        let endings: [Job.Ending] = [.success, .success, .success, .success, .failure, .crash, .hang, .stubborn, .missing]
        ask.ending = endings.randomElement(using: &random) ?? .success
        ask.givesModel = random.chance(25)
        ask.givesPool = random.chance(25)
        job.asks = ask
        return job
    }

    fileprivate mutating func routeFault(_ routes: [RouteRule]) -> Deed {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .changeRoutes([])
        case 1, 2: return .changeRoutes(routes)
        case 3:
            var changed = pools
            if random.chance(50) { changed.removeAll { $0.name == Plan.routerPool } }
            return .reload(changed)
        case 4: return .engine(.killedAfterEffects(.random(in: 0...8, using: &random)))
        default: return .supervisor(random.chance(50) ? .replaced : .killed)
        }
    }
}
