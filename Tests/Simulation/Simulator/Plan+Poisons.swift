import Scheduling
import TestSupport

extension Plan {
    /// Gives some lives tasks that cannot be handed over, before and among others in every pool of commands, and pools that have grown too large for
    /// a while. It comes from a generator of its own.
    mutating func addPoisons() {
        var random = SeededGenerator(seed ^ 0x0DD0_F00D_6B6B_3A3A)
        guard random.chance(35) else { return }
        let hasFaults = steps.contains { $0.deed.isFault }
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: false)
        for _ in 0..<draw.count(1...4) {
            steps.append(Step(at: draw.time(), deed: draw.poisonedBatch()))
        }
        guard hasFaults else { return }
        for _ in 0..<draw.count(0...2) {
            let pool = pools[draw.count(0...(pools.count - 1))].name
            let poison = Poison.ofPools[draw.count(0...(Poison.ofPools.count - 1))]
            let time = draw.time()
            steps.append(Step(at: time, deed: .poisonPool(pool, poison)))
            steps.append(Step(at: time + Int64(draw.count(100...20_000)), deed: .poisonPool(pool, nil)))
        }
    }
}

extension Draw {
    /// Some tasks of which one or two are poisoned, and mostly matter more than the others.
    fileprivate mutating func poisonedBatch() -> Deed {
        var jobs = (0..<count(2...5)).map { _ in job() }
        for _ in 0..<count(1...2) {
            let index = count(0...(jobs.count - 1))
            jobs[index].poison = Poison.ofTasks[count(0...(Poison.ofTasks.count - 1))]
            if random.chance(70) { jobs[index].priority = 5 }
        }
        return .submit(jobs, key: nil, user: random.chance(50) ? 1000 : 1001, vanishes: false)
    }
}
