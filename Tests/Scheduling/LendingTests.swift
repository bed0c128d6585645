import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// A task that waits at its door lends its place.
@Suite struct LendingTests {
    /// A pool whose tasks start others in it and in `work`, and the other way round.
    static func pools(lead: Int = 1, work: Int = 1, _ change: (inout SpawnRules) -> Void = { _ in }) -> [PoolSettings] {
        var rules = SpawnRules(pools: ["lead", "work"], depth: 5, children: 100)
        change(&rules)
        return [("lead", lead), ("work", work)].map { name, slots in
            var pool = PoolSettings(name: name, slots: slots)
            pool.spawn = rules
            return pool
        }
    }

    private func spec(_ pool: String = "lead", _ fill: (inout TaskSpec) -> Void = { _ in }) -> TaskSpec {
        .command("true") {
            $0.pool = pool
            fill(&$0)
        }
    }

    // MARK: Waiting for tasks

    @Test func whatATaskWaitsForHasItsSlot() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec())
        let child = try rig.submit(spec(), by: lead.door)
        #expect(try rig.task(child).phase == .ready)
        let turn = try rig.wait(lead)
        #expect(turn.launchedTasks == [child] && turn.slots == ["lead": 2])
        // The order of the slots comes before that of the start.
        let over = try rig.wait(lead, -1)
        #expect(over.slots == ["lead": 1] && over.launches.isEmpty)
    }

    @Test func nobodyElseHasIt() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec())
        let others = try rig.submit(many: [spec { $0.priority = 9 }, spec()])
        #expect(try rig.wait(lead).launches.isEmpty)
        let child = try rig.submit(spec(), by: lead.door)
        #expect(try rig.phases([child] + others) == [.active, .ready, .ready])
        // And when it is used up, the next one waits for it.
        let second = try rig.submit(spec(), by: lead.door)
        #expect(try rig.task(second).phase == .ready)
        try rig.begin(child)
        #expect(try rig.end(rig.live(of: child).id).launchedTasks == [second])
        // When all is over, the others have their turn.
        try rig.begin(second)
        try rig.end(rig.live(of: second).id)
        try rig.wait(lead, -1)
        #expect(try rig.end(lead.attempt).launchedTasks == [others[0]])
    }

    @Test func aChainOfAnyDepthComesToItsEnd() throws {
        let rig = try Rig(pools: Self.pools())
        var chain = [try rig.running(spec())]
        for depth in 1...5 {
            let child = try rig.submit(spec(depth % 2 == 0 ? "lead" : "work"), by: chain[depth - 1].door)
            try rig.wait(chain[depth - 1])
            chain.append(try rig.begin(child))
        }
        #expect(rig.liveCounts("lead").running == 3 && rig.liveCounts("work").running == 3)
    }

    @Test func theDeepestGoFirst() throws {
        let rig = try Rig(pools: Self.pools(lead: 2))
        let lead = try rig.running(spec())
        let middle = try rig.begin(try rig.submit(spec(), by: lead.door))
        let shallow = try rig.submit(spec(), by: lead.door)
        let deep = try rig.submit(spec { $0.priority = -5 }, by: middle.door)
        let other = try rig.submit(spec { $0.priority = 50 })
        // It waits for both, but the one that waits as well is first.
        let turn = try rig.turn(rig.waiting(lead), rig.waiting(middle))
        #expect(turn.launchedTasks == [deep, shallow])
        #expect(try rig.task(other).phase == .ready)
    }

    /// Parents in two pools, each of which has the slot that the child of the other one needs.
    @Test func twoPoolsDoNotBlockEachOther() throws {
        let rig = try Rig(pools: Self.pools())
        let one = try rig.running(spec("lead"))
        let two = try rig.running(spec("work"))
        let children = [try rig.submit(spec("work"), by: one.door), try rig.submit(spec("lead"), by: two.door)]
        #expect(try rig.phases(children) == [.ready, .ready])
        #expect(try rig.wait(one).launches.isEmpty, "the slot in the other pool is in use")
        try rig.wait(two)
        #expect(try rig.phases(children) == [.active, .active])
    }

    @Test func aBrotherOfOneThatWaitsLendsNothing() throws {
        let rig = try Rig(pools: Self.pools(lead: 3))
        let lead = try rig.running(spec())
        let inner = try rig.begin(try rig.submit(spec(), by: lead.door))
        let other = try rig.begin(try rig.submit(spec(), by: lead.door))
        // Below the one that waits nothing is ready, and what is below the other one is not for its slot.
        let stranger = try rig.submit(spec(), by: other.door)
        #expect(try rig.wait(inner).launches.isEmpty)
        let child = try rig.submit(spec(), by: inner.door)
        #expect(try rig.phases([stranger, child]) == [.ready, .active])
    }

    @Test func ordersAheadDoNotGetALentSlot() throws {
        let rig = try Rig(pools: Self.pools())
        rig.cycle = 1
        for _ in 0..<5 { try rig.running(spec()).end(in: rig) }
        let lead = try rig.running(spec())
        let ahead = try rig.submit(many: (0..<9).map { _ in spec() })
        let ordered = rig.liveCounts("lead").dispatched
        #expect((1..<9).contains(ordered))
        let child = try rig.submit(spec(), by: lead.door)
        #expect(try rig.task(child).phase == .ready)
        let turn = try rig.wait(lead)
        #expect(turn.revoked.count == ordered, "they would start in the slot that is lent")
        let order = turn.effects.map { effect in
            switch effect {
            case .revoke: 0
            case .setSlots: 1
            default: 2
            }
        }
        #expect(order.firstIndex(of: 1) ?? 0 > order.lastIndex(of: 0) ?? .max)
        let back = try rig.turn(turn.revoked.map { .revoked(attempt: $0, accepted: true) })
        #expect(back.launchedTasks == [child])
        #expect(try rig.phases(ahead).allSatisfy { $0 == .ready })
    }

    @Test func aWaitEndsWithItsAttempt() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec { ($0.retries, $0.retryDelay) = (1, 0) })
        try rig.wait(lead)
        try rig.wait(lead)
        let turn = try rig.end(lead.attempt, .exited(1))
        #expect(turn.slots == ["lead": 1])
        rig.advance(10)
        let again = try rig.begin(lead.id)
        // What is heard late of the first is not about the second.
        #expect(try rig.wait(lead, -1).slots.isEmpty && rig.wait(lead).slots.isEmpty)
        #expect(try rig.wait(again).slots == ["lead": 2])
        #expect(try rig.wait(again).slots.isEmpty && rig.wait(again, -1).slots.isEmpty, "another request still waits")
        #expect(try rig.wait(again, -1).slots == ["lead": 1])
        #expect(try rig.wait(again, -1).slots.isEmpty)
    }

    @Test func aNewEngineLearnsItAgain() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec())
        try rig.wait(lead)
        var inventory = Inventory(store: Rig.supervisorStore, heardUpTo: lead.attempt)
        inventory.started = [rig.starting(lead.attempt)]
        try rig.restart(connecting: inventory)
        let child = try rig.submit(spec(), by: lead.door)
        #expect(try rig.task(child).phase == .ready)
        #expect(try rig.wait(lead).launchedTasks == [child])
        // A new connection is told what is lent, too.
        inventory.started.append(rig.starting(try rig.live(of: child).id))
        inventory.heardUpTo += 1
        try rig.turn(.disconnected)
        let turn = try rig.connect(inventory)
        let told = turn.effects.compactMap { if case .setSlots("lead", let slots) = $0 { slots } else { nil } }
        #expect(told == [1, 2])
        #expect(try rig.turn(.configured(rig.pools)).slots["lead"] == 2)
        #expect(try rig.turn(rig.request(.resizePool("lead", slots: 3))).slots["lead"] == 4)
    }

    // MARK: Waiting for an answer

    @Test(arguments: [(nil, 3), (0, 1), (1, 2), (2, 3), (9, 3)] as [(Int?, Int)])
    func whatWaitsForAnAnswerLendsToEverybody(parked: Int?, running: Int) throws {
        let rig = try Rig(pools: Self.pools(lead: 1, work: 1) { $0.parked = parked })
        rig.pools[0].slots = 2
        try rig.reload()
        let first = try rig.running(spec())
        let second = try rig.running(spec())
        let others = try rig.submit(many: [spec(), spec(), spec()])
        try rig.wait(first, for: .answer)
        try rig.wait(second, for: .answer)
        #expect(try rig.phases(others).count { $0 == .active } == running - 1)
    }

    /// Who waits for both needs what it has started.
    @Test func waitingForTasksComesBeforeWaitingForAnAnswer() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec())
        let other = try rig.submit(spec { $0.priority = 3 })
        let child = try rig.submit(spec(), by: lead.door)
        let turn = try rig.turn(rig.waiting(lead, for: .answer), rig.waiting(lead))
        #expect(turn.launchedTasks == [child])
        #expect(try rig.task(other).phase == .ready)
    }

    // MARK: Gates and memory

    @Test func aPlaceUnderALimitIsLent() throws {
        let limit = ConcurrencyLimit(name: "one", maximum: 1, matcher: TaskMatcher(label: "k=v"))
        let rig = try Rig(pools: Self.pools(lead: 5), rules: Rules(limits: [limit]))
        let lead = try rig.running(spec { $0.labels = ["k": "v"] })
        let other = try rig.submit(
            spec {
                $0.labels = ["k": "v"]
                $0.priority = 9
            })
        let child = try rig.submit(spec { $0.labels = ["k": "v"] }, by: lead.door)
        #expect(try rig.phases([other, child]) == [.ready, .ready])
        try rig.wait(lead)
        #expect(try rig.phases([other, child]) == [.ready, .active])
        try rig.begin(child).end(in: rig)
        #expect(try rig.task(other).phase == .ready)
        try rig.turn(rig.waiting(lead, -1), rig.waiting(lead, for: .answer))
        #expect(try rig.task(other).phase == .active)
    }

    /// One that works in the place of one that waits keeps nobody else from the other places.
    @Test(arguments: [1, 2, 3]) func aPlaceThatIsUsedAgainCountsOnce(maximum: Int) throws {
        let limit = ConcurrencyLimit(name: "some", maximum: maximum, matcher: TaskMatcher(label: "k=v"))
        let rig = try Rig(pools: Self.pools(lead: 9), rules: Rules(limits: [limit]))
        let lead = try rig.running(spec { $0.labels = ["k": "v"] })
        try rig.wait(lead)
        try rig.begin(try rig.submit(spec { $0.labels = ["k": "v"] }, by: lead.door))
        let others = try rig.submit(many: (1...3).map { _ in spec { $0.labels = ["k": "v"] } })
        #expect(try rig.phases(others).count { $0 == .active } == maximum - 1)
    }

    @Test func runningHoldsBackAndIsLent() throws {
        let rig = try Rig(pools: Self.pools(lead: 9, work: 9) { $0.running = 2 })
        let lead = try rig.running(spec())
        let children = try rig.submit(many: (0..<4).map { _ in spec("work") }, by: lead.door)
        #expect(try rig.phases(children) == [.active, .active, .ready, .ready])
        // Others are not held back.
        #expect(try rig.task(try rig.submit(spec("work"))).phase == .active)
        let first = try rig.begin(children[0])
        let grandchild = try rig.submit(spec("work"), by: first.door)
        #expect(try rig.task(grandchild).phase == .ready)
        try rig.wait(first)
        #expect(try rig.phases([grandchild] + children) == [.active, .active, .active, .ready, .ready])
        // Another number holds at once, for all.
        for index in rig.pools.indices { rig.pools[index].spawn?.running = 3 }
        try rig.reload()
        #expect(try rig.phases(children).count { $0 == .active } == 3)
    }

    @Test func oneThatAllWhoHoldMemoryWaitForIsAdmitted() throws {
        var pools = Self.pools(lead: 4)
        pools[0].reserve = 4
        let rig = try Rig(pools: pools, rules: Rules(admission: Admission(memoryPressure: nil, memory: 8)))
        let leads = [try rig.running(spec()), try rig.running(spec())]
        let other = try rig.submit(spec { $0.priority = 7 })
        let children = try rig.submit(many: [spec(), spec()], by: leads[0].door)
        #expect(try rig.wait(leads[0]).launches.isEmpty, "somebody else has memory and does not wait")
        #expect(try rig.wait(leads[1], for: .answer).launchedTasks == [children[0]])
        #expect(try rig.task(other).phase == .ready)
        try rig.begin(children[0]).end(in: rig)
        #expect(try rig.task(children[1]).phase == .active)
    }

    // MARK: Drains

    @Test func aDrainLetsWhatLivesGoOn() throws {
        let rig = try Rig(pools: Self.pools(lead: 2))
        let lead = try rig.running(spec())
        let other = try rig.running(spec())
        let queued = try rig.submit(many: [spec { $0.priority = 5 }])
        let child = try rig.submit(spec(), by: lead.door)
        try rig.ask(.drain)
        #expect(try rig.phases([child] + queued) == [.ready, .ready])
        try rig.wait(lead)
        #expect(try rig.phases([child] + queued) == [.active, .ready])
        let late = try rig.submit(spec("work"), by: lead.door)
        #expect(try rig.task(late).phase == .active)
        try rig.begin(child).end(in: rig)
        try rig.begin(late).end(in: rig)
        try rig.wait(lead, -1)
        #expect(try rig.end(other.attempt).launches.isEmpty)
        #expect(try rig.end(lead.attempt).launches.isEmpty)
        #expect(try rig.phases(queued) == [.ready])
    }

    @Test func aPausedPoolStartsNothing() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec())
        try rig.ask(.pausePool("lead"))
        let child = try rig.submit(spec(), by: lead.door)
        try rig.wait(lead)
        #expect(try rig.task(child).phase == .ready)
        try rig.ask(.resumePool("lead"))
        #expect(try rig.task(child).phase == .active)
    }

    // MARK: Warm pools

    @Test func aWarmPoolStartsAWorkerForWhatIsWaitedFor() throws {
        var pools = Self.pools()
        pools[0].warm = WarmSettings(minReady: 1, maxIdle: 600_000, readyTimeout: 1_000, fingerprint: 1)
        let rig = try Rig(pools: pools)
        let first = try #require(try rig.workers().first)
        try rig.start(first.id)
        try rig.say(first.id, .ready(capabilities: [], version: nil))
        let id = try rig.submit(spec())
        try rig.say(first.id, .accepted)
        let lead = RunningTask(id: id, attempt: first.id, door: .task(id, attempt: 1, uid: 990))
        let other = try rig.submit(spec { $0.priority = 3 })
        #expect(try rig.wait(lead).launchedWorkers.isEmpty, "nobody is there who may use it")
        let child = try rig.submit(spec(), by: lead.door)
        let second = try #require(try rig.workers().first)
        try rig.start(second.id)
        try rig.say(second.id, .ready(capabilities: [], version: nil))
        #expect(try rig.phases([other, child]) == [.ready, .active])
    }

    // MARK: Timeouts

    @Test func aTaskThatWaitsMayBeQuiet() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec { ($0.idleTimeout, $0.timeout) = (10, 100) })
        rig.advance(9_000)
        try rig.wait(lead)
        rig.advance(80_000)
        #expect(try rig.turn().stopped.isEmpty)
        #expect(try rig.turn().checked.isEmpty)
        try rig.wait(lead, -1)
        rig.advance(9_999)
        #expect(try rig.turn().stopped.isEmpty)
        // For the other one, the time has gone on.
        rig.advance(1_001)
        #expect(try rig.turn().stopped == [lead.attempt])
        #expect(try rig.attempt(lead.attempt).stopping == .runTimeout)
    }

    @Test func theTimeoutStandsStillOnlyForAnAnswer() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec { $0.timeout = 10 })
        try rig.wait(lead, for: .answer)
        rig.advance(60_000)
        #expect(try rig.turn().stopped.isEmpty)
        // It is paused for a part of that.
        try rig.ask(.pause([lead.id]))
        rig.advance(20_000)
        try rig.ask(.resume([lead.id]))
        rig.advance(5_000)
        try rig.wait(lead, for: .answer, -1)
        rig.advance(9_999)
        #expect(try rig.turn().stopped.isEmpty)
        rig.advance(1)
        #expect(try rig.turn().stopped == [lead.attempt])
    }

    @Test func whatItHasWaitedOutlivesTheEngine() throws {
        let rig = try Rig(pools: Self.pools())
        let lead = try rig.running(spec { ($0.timeout, $0.idleTimeout) = (10, 5) })
        let start = rig.starting(lead.attempt)
        try rig.wait(lead, for: .answer)
        rig.advance(60_000)
        var inventory = Inventory(store: Rig.supervisorStore, heardUpTo: lead.attempt)
        inventory.started = [start]
        try rig.restart(connecting: inventory)
        // The client has a moment to say it again, which is that of the timeouts.
        rig.advance(4_999)
        #expect(try rig.turn().stopped.isEmpty)
        try rig.wait(lead, for: .answer)
        rig.advance(60_000)
        try rig.wait(lead, for: .answer, -1)
        rig.advance(5_000)
        #expect(try rig.turn().checked == [lead.attempt])
        try rig.turn(rig.outputSeen(lead.attempt, last: rig.now.monotonic))
        rig.advance(1)
        #expect(try rig.turn().stopped == [lead.attempt])
    }
}

extension RunningTask {
    func end(in rig: Rig) throws { try rig.end(attempt) }
}

extension Rig {
    func waiting(_ task: RunningTask, for cause: WaitCause = .tasks, _ change: Int = 1) -> Input {
        .waits(task: task.id, attempt: task.door.attempt, for: cause, change: change)
    }

    func waiting(_ task: RunningTask, _ change: Int) -> Input { waiting(task, for: .tasks, change) }

    @discardableResult
    func wait(_ task: RunningTask, for cause: WaitCause = .tasks, _ change: Int = 1) throws -> TurnResult {
        try turn(waiting(task, for: cause, change))
    }

    @discardableResult
    func wait(_ task: RunningTask, _ change: Int) throws -> TurnResult { try wait(task, for: .tasks, change) }
}
