import Scheduling
import TestSupport

extension Plan {
    static let widePool = "wide"

    /// Gives one life in ten a pool of 70 to 200 slots, and a link that is full after some packets to a quarter of all lives. Each comes from a
    /// generator of its own.
    mutating func addSizes() {
        var links = SeededGenerator(seed ^ 0x4C4C_1B1B_7070_8E8E)
        if links.chance(25) { linkRoom = .random(in: 1...10, using: &links) }
        let random = SeededGenerator(seed ^ 0x3737_9D9D_2222_F1F1)
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: false)
        guard draw.random.chance(10) else { return }
        let slots = draw.count(70...200)
        pools.append(PoolSettings(name: Self.widePool, slots: slots, retries: 1, grace: pools.first?.grace))
        // All of them at once, so that the low numbers are free again while the high ones are not.
        var time = draw.time() / 2
        for _ in 0..<draw.count(1...2) {
            steps.append(Step(at: time, deed: draw.wideBatch(slots + draw.count(5...60))))
            for _ in 0..<draw.count(0...3) {
                let deeds: [Deed] = [
                    .resize(Self.widePool, draw.count(60...200)), .cancel(draw.tasks()), .hold(draw.tasks()),
                    .pause(Self.widePool),
                    .resume(Self.widePool),
                ]
                let deed = deeds[draw.count(0...(deeds.count - 1))]
                steps.append(Step(at: time + Int64(draw.count(0...3_000)), deed: deed))
            }
            time = draw.time()
        }
    }
}

extension Draw {
    /// Half of the first ones are over soon, and the others are not.
    fileprivate mutating func wideBatch(_ count: Int) -> Deed {
        let jobs = (0..<count).map { index in
            var job = Job(pool: Plan.widePool)
            job.duration = index < 64 && random.chance(50) ? Int64(self.count(20...60)) * 10 : Int64(self.count(10...40)) * 100
            return job
        }
        return .submit(jobs, key: nil, user: 1000, vanishes: false)
    }
}
