import Scheduling
import TestSupport

extension Plan {
    /// Has things happen together that seldom do by chance: a task with two timeouts that is paused, a request whose commit fails, a change
    /// of what has just been ordered ahead, several agents that meet one limit at once. It comes from a generator of its own.
    mutating func addConjunctions() {
        var random = SeededGenerator(seed ^ 0x1B87_3593_CC9E_2D51)
        guard random.chance(60) else { return }
        if random.chance(25) { retentionCount = .random(in: 2...12, using: &random) }
        let hasFaults = steps.contains { $0.deed.isFault }
        let hasAgent = pools.contains { $0.name == SimulatedAgent.pool }
        var draw = Draw(random: random, pools: pools, span: span, isFlaky: false)
        for _ in 0..<draw.count(2...5) {
            let at = draw.time()
            switch draw.count(0...5) {
            case 0, 1: steps += draw.pausedTimeouts(at: at)
            case 2 where hasFaults: steps += draw.refusedRequest(at: at)
            case 3 where hasAgent: steps += draw.sharedLimit(at: at)
            default: steps += draw.changedBurst(at: at)
            }
        }
    }
}

extension Draw {
    mutating func count(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }

    private mutating func user() -> UInt32 { random.chance(50) ? 1000 : 1001 }

    /// It writes often enough, and would run out of its time while it is paused.
    fileprivate mutating func pausedTimeouts(at: Int64) -> [Plan.Step] {
        var job = Job(pool: "mixed")
        job.duration = .random(in: 3_000...9_000, using: &random)
        job.timeout = job.duration + .random(in: 500...2_000, using: &random)
        job.idleTimeout = .random(in: 800...2_500, using: &random)
        job.chatter = random.chance(80) ? 300 : 0
        job.priority = 5
        let pause = at + .random(in: 200...2_500, using: &random)
        let resume = pause + .random(in: 500...8_000, using: &random)
        return [
            .init(at: at, deed: .submit([job], key: nil, user: user(), vanishes: false)),
            .init(at: pause, deed: .pauseRunning), .init(at: resume, deed: .resumePaused),
        ]
    }

    /// The store takes nothing in the very turn that has the request.
    fileprivate mutating func refusedRequest(at: Int64) -> [Plan.Step] {
        let deeds: [Deed] = [
            .drainAll, .drainAll, .shutdown, .pause("mixed"), .hold(tasks()), .cancel(tasks()), .resize("short", 2),
        ]
        return [
            .init(at: at, deed: .diskFails(times: 1)),
            .init(at: at, deed: deeds.randomElement(using: &random) ?? .drainAll),
        ]
    }

    /// Several that run at once meet the same limit, again and again, and none says until when.
    fileprivate mutating func sharedLimit(at: Int64) -> [Plan.Step] {
        let jobs = (0..<4).map { _ in
            var job = Job(pool: SimulatedAgent.pool)
            job.isPrompt = true
            job.duration = 40
            job.endings = [.limited, .limited, .success]
            job.retries = 1
            return job
        }
        return [.init(at: at, deed: .submit(jobs, key: nil, user: user(), vanishes: false))]
    }

    /// Short tasks, most of which are ordered ahead, and somebody who changes them meanwhile.
    fileprivate mutating func changedBurst(at: Int64) -> [Plan.Step] {
        let jobs = (0..<count(6...16)).map { _ in
            var job = Job(pool: "short")
            job.duration = .random(in: 0...20, using: &random)
            return job
        }
        var steps = [Plan.Step(at: at, deed: .submit(jobs, key: nil, user: user(), vanishes: false))]
        for _ in 0..<count(2...6) {
            let deeds: [Deed] = [
                .hold(tasks()), .hold([task()]), .prioritise(task(), count(-2...5)), .pauseTasks(tasks()),
                .resumeTasks(tasks()),
                .cancel(tasks()), .release(tasks()), .move(task(), "mixed"),
            ]
            steps.append(.init(at: at + Int64(count(1...60)), deed: deeds.randomElement(using: &random) ?? .subscribe))
        }
        return steps
    }
}
