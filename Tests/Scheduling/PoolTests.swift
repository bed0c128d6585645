import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

@Suite struct PoolTests {
    @Test func pauseTakesBackWhatHasNotStarted() throws {
        let rig = try Rig(slots: 2)
        let ids = try rig.submit(many: [.command(), .command(), .command()])
        try rig.start(1)
        let pause = rig.request(.pausePool("default"))
        #expect(try rig.turn(pause).revoked == [2])
        #expect(try rig.turn(.revoked(attempt: 2, accepted: true)).launches.isEmpty)
        #expect(try rig.end(1).launches.isEmpty)
        #expect(try rig.phases(ids) == [.succeeded, .ready, .ready])
        try rig.restart()
        #expect(try rig.connect(Inventory(store: Rig.supervisorStore, heardUpTo: 2)).launches.isEmpty, "it outlives the engine")
        let resume = rig.request(.resumePool("default"))
        #expect(try rig.turn(resume).launchedTasks == [2, 3])
        #expect(try rig.refusal(.pausePool("nowhere")).kind == .unknownPool)
    }

    @Test func aPoolCanBeResized() throws {
        let rig = try Rig(slots: 1)
        try rig.submit(many: Array(repeating: .command(), count: 5))
        let grow = rig.request(.resizePool("default", slots: 3))
        var turn = try rig.turn(grow)
        #expect(turn.slots == ["default": 3])
        #expect(turn.launchedAttempts == [2, 3])
        try rig.start(1)
        let shrink = rig.request(.resizePool("default", slots: 1))
        turn = try rig.turn(shrink)
        #expect(turn.slots == ["default": 1])
        #expect(turn.revoked == [2, 3])
        #expect(try rig.turn(.revoked(attempt: 2, accepted: true), .revoked(attempt: 3, accepted: true)).launches.isEmpty)
        #expect(try rig.end(1).launches.count == 1)
        for slots in [-1, 10_001] {
            #expect(try rig.refusal(.resizePool("default", slots: slots)).data?.field == "slots")
        }
    }

    /// A client whose connection broke asks again: the answer is the same, and it is no news.
    @Test func whatIsSaidTwiceHasTheSameAnswerAndIsNewsOnce() throws {
        let rig = try Rig(slots: 2)
        let changes: [Command] = [
            .pausePool("default"), .resumePool("default"), .resizePool("default", slots: 5), .drainPool("default"), .drain,
        ]
        for change in changes {
            let before = rig.events.count
            let answers = try (0..<2).map { _ in "\(try rig.ask(change))" }
            #expect(answers[0] == answers[1])
            #expect(rig.events.count == before + 1, "\(change): \(rig.events.dropFirst(before).map(\.kind))")
        }
    }

    @Test func aResizeLastsUntilTheConfigurationSaysAnotherNumber() throws {
        let rig = try Rig(slots: 2)
        try rig.ask(.resizePool("default", slots: 7))
        #expect(try rig.turn(.configured(rig.pools)).slots == ["default": 7])
        try rig.restart()
        #expect(try rig.connect().slots == ["default": 7])
        rig.pools[0].slots = 4
        #expect(try rig.turn(.configured(rig.pools)).slots == ["default": 4])
        rig.pools[0].slots = 2
        try rig.restart()
        #expect(try rig.connect().slots == ["default": 2])
    }

    @Test func aReloadAddsRemovesAndResizes() throws {
        let rig = try Rig(pools: [PoolSettings(name: "a", slots: 3), PoolSettings(name: "empty", slots: 1)])
        let ids = try rig.submit(many: Array(repeating: .command { $0.pool = "a" }, count: 4))
        try rig.start(1)
        var turn = try rig.turn(.configured([PoolSettings(name: "a", slots: 1), PoolSettings(name: "b", slots: 1)]))
        #expect(turn.slots == ["a": 1, "b": 1])
        #expect(turn.revoked == [2, 3])
        try rig.turn(.revoked(attempt: 2, accepted: true), .revoked(attempt: 3, accepted: true))
        #expect(try rig.poolNames() == ["a", "b"])
        // One that is removed keeps its tasks, and what runs ends there.
        turn = try rig.turn(.configured([PoolSettings(name: "b", slots: 1)]))
        #expect(try rig.poolNames() == ["a", "b"])
        #expect(try rig.end(1).launches.isEmpty)
        #expect(try rig.phases(ids) == [.succeeded, .ready, .ready, .ready])
        #expect(try rig.refusal(.submit(.one(.command { $0.pool = "a" }))).kind == .unknownPool)
        var change = UpdateParameters(id: ids[1])
        change.pool = "b"
        #expect(try rig.turn(rig.request(.update(change))).launchedTasks == [ids[1]])
        try rig.ask(.cancel(CancelParameters(pool: "a")))
        #expect(try rig.refusal(.retry([ids[2]])).kind == .unknownPool)
        // It comes back as it was.
        turn = try rig.turn(.configured([PoolSettings(name: "a", slots: 1), PoolSettings(name: "b", slots: 1)]))
        #expect(try rig.turn(rig.request(.retry([ids[2]]))).launchedTasks == [ids[2]])
        try rig.turn(.ended(rig.ending(4)), .ended(rig.ending(5)))
        try rig.turn(.configured([PoolSettings(name: "b", slots: 1)]))
        rig.advance(1)
        try rig.turn(.retire(before: rig.now.wall, keep: 100))
        try rig.turn(.configured([PoolSettings(name: "b", slots: 1)]))
        #expect(try rig.poolNames() == ["b"])
    }

    @Test func drainStartsNothingMore() throws {
        let rig = try Rig(slots: 2)
        try rig.submit(many: [.command(), .command(), .command()])
        try rig.start(1)
        #expect(try rig.turn(rig.request(.drain)).revoked == [2])
        #expect(rig.scheduler.isDraining)
        try rig.turn(.revoked(attempt: 2, accepted: true))
        #expect(try rig.end(1).launches.isEmpty)
        #expect(try rig.phases([1, 2, 3]) == [.succeeded, .ready, .ready])
        try rig.ask(.drain)
        #expect(rig.events.filter { $0.kind == .daemonDraining }.count == 1)
        #expect(rig.liveCounts("default") == LiveCounts())
    }

    @Test func shutdownEndsWhatRunsAndWhatStillStarts() throws {
        let rig = try Rig(slots: 3)
        let ids = try rig.submit(many: Array(repeating: .command { $0.retries = 1 }, count: 4))
        try rig.start(1)
        let input = rig.request(.shutdown)
        let turn = try rig.turn(input)
        #expect((turn.stopped, turn.revoked) == ([1], [2, 3]))
        #expect(turn.reply(to: input) == .done("stopping: 1 running task is being ended"))
        // One had started before its revoke arrived.
        #expect(try rig.turn(.started(rig.starting(2)), .revoked(attempt: 2, accepted: false)).stopped == [2])
        try rig.turn(.revoked(attempt: 3, accepted: true))
        try rig.end(1, .signalled(15), stopped: true)
        try rig.end(2, .exited(0), stopped: true)
        #expect(try rig.phases(ids) == [.delayed, .delayed, .ready, .ready])
        #expect(try rig.attempt(1).outcome == Outcome(.lost))
        #expect(rig.liveCounts("default") == LiveCounts())
    }
}

@Suite struct RetireTests {
    @Test func oldTasksAreForgottenByAgeAndByNumber() throws {
        let rig = try Rig(slots: 0)
        let ids = try rig.submit(many: Array(repeating: .command(), count: 6))
        for id in ids.prefix(5) {
            try rig.ask(.cancel(CancelParameters(ids: [id])))
            rig.advance(10)
        }
        let start = try #require(try rig.task(ids[0]).finishedAt)
        #expect(try rig.turn(.retire(before: start + 10, keep: 100)).discarded == [ids[0]])
        #expect(try rig.turn(.retire(before: start + 10, keep: 100)).effects.isEmpty)
        #expect(try rig.turn(.retire(before: 0, keep: 2)).discarded.sorted() == [ids[1], ids[2]])
        #expect(try ids.map { try rig.exists($0) } == [false, false, false, true, true, true])
        #expect(rig.counts("default").cancelled == 2)
        #expect(try rig.submit(.command()) == 7)
    }

    @Test func manyAreForgottenInSmallSteps() throws {
        let rig = try Rig(slots: 0)
        let ids = try rig.submit(many: Array(repeating: .command(), count: 1_050))
        try rig.ask(.cancel(CancelParameters(ids: Array(ids.prefix(1_000)))))
        rig.advance(1)
        var inputs: [Input] = [.retire(before: rig.now.wall, keep: 10)]
        var turns = 0
        var discarded: Set<Int64> = []
        while !inputs.isEmpty {
            let turn = try rig.turn(inputs)
            #expect(turn.discarded.count <= 200)
            discarded.formUnion(turn.discarded)
            inputs = turn.again
            turns += 1
        }
        #expect(discarded == Set(ids.prefix(1_000)))
        #expect((5...6).contains(turns))
        #expect(rig.counts("default").ready == 50)
    }

    @Test func eventsAreNumberedWithoutGapsOverRestarts() throws {
        let rig = try Rig(slots: 1)
        for round in 0..<5 {
            let id = try rig.submit(.command())
            let attempt = try rig.live(of: id).id
            try rig.start(attempt)
            try rig.end(attempt)
            try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: attempt))
            #expect(rig.events.map(\.seq) == Array(1...Int64(rig.events.count)), "round \(round)")
        }
    }

    @Test func aTurnThatIsRefusedByTheStoreHasNoEffect() throws {
        struct Refused: Error {}
        let rig = try Rig(slots: 1)
        try rig.submit(.command())
        let before = (rig.counts("default"), rig.liveCounts("default"), rig.events.count)
        #expect(throws: Refused.self) {
            try rig.failingTurn(
                [.ended(rig.ending(1)), rig.request(.submit(.one(.command()))), rig.request(.drain)], with: Refused())
        }
        #expect(rig.counts("default") == before.0 && rig.liveCounts("default") == before.1)
        // The same inputs once more: all of it happens, the taking back included.
        let other = try rig.submit(.command())
        #expect(try rig.turn(rig.request(.drain)).revoked == [1])
        #expect(try rig.task(other).phase == .ready)
    }
}
