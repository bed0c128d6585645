import OrchProtocol
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling

@Suite struct DispatchTests {
    @Test func theHighestPriorityFirstThenTheOldest() throws {
        let rig = try Rig(slots: 0)
        let ids = try rig.submit(many: [0, 5, 0, 5, -1].map { priority in .command { $0.priority = priority } })
        try rig.ask(.resizePool("default", slots: 1))
        var order: [Int64] = []
        for attempt in 1...5 {
            order.append(try rig.attempt(Int64(attempt)).task)
            try rig.end(Int64(attempt))
        }
        #expect(order == [ids[1], ids[3], ids[0], ids[2], ids[4]])
    }

    @Test func withoutRunAheadAPoolHasAsManyAsItHasSlots() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 3), PoolSettings(name: "b", slots: 1)])
        let input = rig.request(
            .submit(.many((0..<10).map { n in .command { $0.pool = n % 2 == 0 ? "default" : "b" } })))
        let turn = try rig.turn(input)
        #expect(turn.launches.map(\.attempt.pool).sorted() == ["b", "default", "default", "default"])
        #expect(turn.launchedAttempts == [1, 2, 3, 4])
        #expect(rig.liveCounts("default") == LiveCounts(dispatched: 3))
        // An exit and the next start are one commit.
        #expect(try rig.end(turn.launches.first { $0.attempt.pool == "b" }!.attempt.id).launches.count == 1)
        #expect(try rig.start(2).launches.isEmpty)
    }

    @Test func runAheadFollowsTheTimesOfTurnAndTask() {
        var short = RunAhead()
        #expect(short.depth(slots: 2, cycle: 5) == 0, "a pool that is new gets none")
        short.observe(taskTime: 1)
        #expect(short.depth(slots: 2, cycle: 5) == 30)
        #expect(short.depth(slots: 2, cycle: 0) == 0)
        #expect(short.depth(slots: 0, cycle: 5) == 0)
        #expect(short.depth(slots: 10_000, cycle: 1e18) == RunAhead.maximum)
        var long = RunAhead()
        long.observe(taskTime: 60_000)
        #expect(long.depth(slots: 100, cycle: 20) == 0)
        for _ in 0..<100 { long.observe(taskTime: 0) }
        #expect(long.depth(slots: 1, cycle: 5) > 0)
        short.observe(taskTime: -5)
        #expect(short.depth(slots: 2, cycle: 5) > 0)
    }

    @Test func aPoolNeverHasMoreThanSlotsAndDepth() throws {
        let rig = try Rig(slots: 2)
        rig.cycle = 3
        try rig.submit(many: Array(repeating: .command(), count: 100))
        #expect(rig.liveCounts("default").dispatched == 2)
        try rig.start(1)
        rig.advance(1)
        var end = rig.ending(1)
        end.start?.startedMonotonic -= 1
        try rig.turn(.ended(end))
        let depth = try #require(rig.scheduler.runAhead["default"]).depth(slots: 2, cycle: 3)
        #expect(depth > 0)
        let live = rig.liveCounts("default")
        #expect(live.dispatched + live.running == 2 + depth)
    }

    @Test func aDelayedTaskStartsWhenItIsDue() throws {
        let rig = try Rig()
        let due = Timestamp(milliseconds: rig.now.wall + 1_000)
        let input = rig.request(.submit(.one(.command { $0.notBefore = due })))
        let turn = try rig.turn(input)
        #expect(turn.launches.isEmpty)
        #expect(turn.nextWall == due.milliseconds)
        rig.advance(999)
        #expect(try rig.turn().launches.isEmpty)
        rig.advance(1)
        #expect(try rig.turn().launchedTasks == [1])
        let past = Timestamp(milliseconds: rig.now.wall - 1)
        let late = try rig.submit(.command { $0.notBefore = past })
        #expect(try rig.task(late).phase == .active)
    }

    @Test func holdAndRelease() throws {
        let rig = try Rig()
        let held = try rig.submit(.command { $0.hold = true })
        #expect(try rig.task(held).phase == .held)
        let later = Timestamp(milliseconds: rig.now.wall + 500)
        let both = try rig.submit(
            .command {
                $0.hold = true
                $0.notBefore = later
            })
        try rig.ask(.release([held]))
        #expect(try rig.task(held).phase == .active)
        let again = try rig.ask(.release([held]))
        #expect(again == .changed(TasksChanged(tasks: [.init(id: held, state: .queued, unchanged: true)])))
        try rig.start(1)
        #expect(try rig.refusal(.release([held])).message == "task \(held) is running; only a held task can be released")
        #expect(try rig.refusal(.hold([held])).kind == .invalidState)
        try rig.ask(.release([both]))
        #expect(try rig.task(both).phase == .delayed)
        try rig.ask(.hold([both, both]))
        rig.advance(500)
        #expect(try rig.turn().launches.isEmpty)
        let release = rig.request(.release([both]))
        #expect(try rig.turn(release).launchedTasks == [both])
        #expect(rig.events.filter { $0.task == both }.map(\.kind) == [.taskQueued, .taskReleased, .taskHeld, .taskReleased])
    }

    @Test func whatHasNotStartedExpires() throws {
        let rig = try Rig(slots: 0)
        let expiry = Timestamp(milliseconds: rig.now.wall + 100)
        let specs: [TaskSpec] = [
            .command { $0.expires = expiry },
            .command {
                $0.expires = expiry
                $0.hold = true
            },
            .command {
                $0.expires = expiry
                $0.notBefore = Timestamp(milliseconds: expiry.milliseconds - 5)
            },
            .command(),
        ]
        let ids = try rig.submit(many: specs)
        rig.advance(99)
        #expect(try rig.turn().nextWall == expiry.milliseconds)
        rig.advance(1)
        #expect(try rig.turn().nextWall == nil)
        #expect(try rig.phases(ids) == [.expired, .expired, .expired, .ready])
        #expect(try rig.task(ids[0]).finishedAt == rig.now.wall)
        let error = try rig.refusal(.retry([ids[0]]))
        #expect(error.kind == .invalidState)
    }

    @Test func oneThatRunsDoesNotExpireAndIsNotRetriedBeyond() throws {
        let rig = try Rig()
        let id = try rig.submit(
            .command {
                $0.expires = Timestamp(milliseconds: rig.now.wall + 1_000)
                $0.retries = 5
                $0.retryDelay = 10
            })
        try rig.start(1)
        rig.advance(2_000)
        try rig.turn()
        #expect(try rig.task(id).phase == .active)
        try rig.end(1, .exited(1))
        #expect(try rig.task(id).phase == .failed)
        #expect(try rig.task(id).reason == "exited with status 1; no retry, because the task expires before")
    }

    /// More become due, or expire, than one turn moves: the next turn follows at once, and nothing is left.
    @Test func manyAtOnceTakeSeveralTurns() throws {
        let rig = try Rig(slots: 0)
        let due = Timestamp(milliseconds: rig.now.wall + 10)
        let count = SchedulerState.stride + 500
        try rig.submit(many: Array(repeating: .command { $0.notBefore = due }, count: count))
        try rig.submit(many: Array(repeating: .command { $0.expires = due }, count: count))
        rig.advance(10)
        #expect(try rig.turn().nextWall == rig.now.wall)
        #expect(try rig.turn().nextWall == nil)
        let counts = rig.counts("default")
        #expect((counts.ready, counts.expired, counts.delayed) == (count, count, 0))
    }

    @Test func aHigherPriorityTakesBackWhatWaits() throws {
        let rig = try Rig(slots: 1)
        let low = try rig.submit(.command { $0.priority = 1 })
        let same = rig.request(.submit(.one(.command { $0.priority = 1 })))
        #expect(try rig.turn(same).revoked.isEmpty)
        let high = rig.request(.submit(.one(.command { $0.priority = 2 })))
        #expect(try rig.turn(high).revoked == [1])
        let turn = try rig.turn(.revoked(attempt: 1, accepted: true))
        #expect(turn.launchedTasks == [3])
        #expect(turn.launchedAttempts == [2], "a new attempt has a new id")
        #expect(try rig.task(low).attempts == 0)
        // One that runs goes on.
        try rig.start(2)
        let higher = rig.request(.submit(.one(.command { $0.priority = 3 })))
        #expect(try rig.turn(higher).revoked.isEmpty)
    }

    @Test func aRevokeThatCameTooLateChangesNothing() throws {
        let rig = try Rig(slots: 1)
        let low = try rig.submit(.command())
        try rig.submit(.command { $0.priority = 1 })
        #expect(try rig.turn(.started(rig.starting(1)), .revoked(attempt: 1, accepted: false)).effects.count == 1)
        #expect(try rig.task(low).phase == .active)
        #expect(try rig.end(1).launches.count == 1)
        #expect(try rig.task(low).phase == .succeeded)
    }

    @Test func updatesChangeWhatIsQueued() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 0), PoolSettings(name: "b", slots: 1)])
        let id = try rig.submit(.command())
        var change = UpdateParameters(id: id)
        change.name = "n"
        change.priority = 7
        change.timeout = 2.5
        change.retries = 4
        change.notBefore = Timestamp(milliseconds: rig.now.wall + 50)
        try rig.ask(.update(change), by: Rig.alice)
        var task = try rig.task(id)
        #expect((task.name, task.priority, task.timeout, task.retry.retries) == ("n", 7, 2_500, 4))
        #expect((task.phase, task.dueAt, task.dueIsRelative) == (.delayed, rig.now.wall + 50, false))
        change = UpdateParameters(id: id)
        change.pool = "b"
        change.notBefore = Timestamp(milliseconds: rig.now.wall)
        let input = rig.request(.update(change))
        #expect(try rig.turn(input).launchedTasks == [id])
        task = try rig.task(id)
        #expect((task.pool, task.dueAt) == ("b", nil))
        try rig.start(1)
        #expect(try rig.refusal(.update(change)).kind == .invalidState)
        #expect(try rig.refusal(.update(UpdateParameters(id: 99))).kind == .notFound)
        let other = try rig.submit(.command { $0.comment = "" })
        for (given, kept) in [("why\n", "why\n"), ("", nil)] as [(String, String?)] {
            change = UpdateParameters(id: other)
            change.comment = given
            try rig.ask(.update(change))
            #expect(try rig.task(other).definition.options.comment == kept)
        }
        for (field, fill) in [
            ("name", { $0.name = "\u{7}" }), ("priority", { $0.priority = 2_000_000 }), ("retries", { $0.retries = -1 }),
            ("timeout", { $0.timeout = 0 }), ("comment", { $0.comment = String(repeating: "x", count: 4097) }),
            ("pool", { $0.pool = "nowhere" }),
        ] as [(String, (inout UpdateParameters) -> Void)] {
            var bad = UpdateParameters(id: other)
            fill(&bad)
            #expect(try rig.refusal(.update(bad)).data?.field == field)
        }
    }

    /// What submit refuses for a pool, `task.update` refuses in the same words.
    @Test func aTaskIsMovedOnlyWhereItCouldBeSubmitted() throws {
        var programs = PoolSettings(name: "programs", slots: 0)
        programs.programs = ["/usr/bin/git"]
        var small = PoolSettings(name: "small", slots: 0)
        small.maximum[.memory] = 1_048_576
        var journal = PoolSettings(name: "journal", slots: 0)
        journal.keepsOutput = false
        let rig = try Rig(pools: [
            PoolSettings(name: "default", slots: 0, agent: "claude"), programs, small, journal,
            PoolSettings(name: "commands", slots: 0),
        ])
        let specs: [(String, TaskSpec)] = [
            ("programs", .command("make")), ("commands", .prompt("p")),
            (
                "small",
                .command {
                    $0.resources = ResourceLimits()
                    $0.resources?[.memory] = 2_097_152
                }
            ),
            ("journal", .command { $0.idleTimeout = 5 }), ("journal", .command { $0.resultSchema = .object([:]) }),
        ]
        for (pool, spec) in specs {
            let refusal = try rig.refusal(.submit(.one(spec.filled { $0.pool = pool })))
            var change = UpdateParameters(id: try rig.submit(spec))
            change.pool = pool
            let same = try rig.refusal(.update(change))
            #expect(refusal.message.hasPrefix(same.message) && same.data?.field == "pool", "\(same.message)")
        }
    }

    @Test func onlyOwnersAndAdminsChangeTasks() throws {
        let rig = try Rig(slots: 0)
        let ids = try rig.submit(many: [.command(), .command()], by: Rig.alice)
        let its = try rig.submit(.command(), by: Rig.bob)
        for command: Command in [
            .cancel(CancelParameters(ids: ids)), .hold(ids), .release(ids), .retry(ids), .update(UpdateParameters(id: ids[0])),
            .cancel(CancelParameters(ids: [its, ids[1]])),
        ] {
            #expect(try rig.refusal(command, by: Rig.bob).kind == .forbidden)
        }
        #expect(try rig.phases(ids + [its]) == [.ready, .ready, .ready])
        #expect(try rig.refusal(.hold([]), by: Rig.bob).data?.field == "ids")
        #expect(try rig.refusal(.hold(Array(1...10_001)), by: Rig.bob).data?.field == "ids")
        for command: Command in [
            .pausePool("default"), .resumePool("default"), .drainPool("default"), .resizePool("default", slots: 1), .drain,
            .shutdown,
        ] {
            #expect(try rig.refusal(command, by: Rig.alice).kind == .forbidden)
        }
        #expect(
            try rig.ask(.hold(ids), by: Rig.alice)
                == .changed(
                    TasksChanged(tasks: [.init(id: ids[0], state: .queued), .init(id: ids[1], state: .queued)])))
    }
}
