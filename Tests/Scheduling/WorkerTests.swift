import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// Warm workers, from the order to the end.
@Suite struct WorkerTests {
    private func rig(
        slots: Int = 2, minReady: Int = .max, retries: Int = 0, maxIdle: Int64 = 300_000
    ) throws -> Rig {
        try Rig(pools: [
            PoolSettings(
                name: "default", slots: slots, retries: retries,
                warm: WarmSettings(minReady: minReady, maxIdle: maxIdle, readyTimeout: 60_000, fingerprint: 1))
        ])
    }

    /// Lets workers that were ordered come so far that they wait for a task.
    private func ready(_ rig: Rig, _ workers: Int64...) throws {
        for worker in workers {
            try rig.start(worker)
            try rig.say(worker, .ready(capabilities: ["gpu"], version: "kit 1"))
        }
    }

    private let success = WorkerNews.result(isSuccess: true, reason: nil)

    // MARK: The life that it should have

    @Test func workersAreStartedAheadAndEachGetsOneTask() throws {
        let rig = try rig()
        #expect(try rig.workers().map(\.state) == [.launched, .launched])
        try ready(rig, 1, 2)
        #expect(try rig.workers().map(\.capabilities) == [["gpu"], ["gpu"]])
        let input = rig.request(.submit(.one(.command("a") { $0.stdin = "text" })))
        let turn = try rig.turn(input)
        let given = try #require(turn.assigned.first)
        #expect(given.attempt.id == 1 && given.input == "text" && !given.again)
        #expect(turn.launches.isEmpty && turn.launchedWorkers.isEmpty, "its place is not free before it has ended")
        let attempt = try rig.attempt(1)
        #expect(attempt.state == .running && attempt.delivery == .given && attempt.startedAt == rig.now.wall)
        #expect(attempt.workspaceName == "w1")

        #expect(try rig.say(1, .accepted).received == [1])
        #expect(try rig.attempt(1).delivery == .accepted)
        try rig.say(1, success)
        let end = try rig.end(1)
        #expect(try rig.task(attempt.task).phase == .succeeded)
        #expect(end.acknowledged == [1] && end.launchedWorkers.map(\.id) == [3])
        #expect(rig.events.filter { $0.kind == .workerReady }.map(\.worker) == ["default/0", "default/0"])
    }

    /// orchd-sim --seed 43: the pool lost its slots in the turn in which the tasks came.
    @Test func noMoreTasksAreGivenThanThereAreSlots() throws {
        let rig = try rig(slots: 3)
        try ready(rig, 1, 2, 3)
        let turn = try rig.turn(
            rig.request(.submit(.many([.command("a"), .command("b"), .command("c")]))),
            rig.request(.resizePool("default", slots: 1)))
        #expect(turn.assigned.count == 1)
        #expect(try rig.workers().map(\.state) == [.exiting, .exiting])
    }

    @Test func theyAreTheirTasksIdsToo() throws {
        let rig = try Rig(pools: [
            PoolSettings(name: "default", slots: 1), PoolSettings(name: "warm", slots: 2, warm: WarmSettings(minReady: 2)),
        ])
        try rig.submit(.command())
        #expect(try rig.workers().map(\.id) == [1, 2] && rig.liveAttempts().map(\.id) == [3])
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 0))
        // Those that the supervisor has never heard of are ordered anew; the attempt keeps its own.
        #expect(try rig.liveAttempts().map(\.id) == [3] && rig.workers().map(\.id) == [4, 5])
    }

    @Test func whatTheWorkerSaysOfItsTaskCounts() throws {
        let cases: [(news: [WorkerNews], ending: AttemptEnd.Ending, phase: Phase, outcome: Outcome)] = [
            ([.accepted, success], .exited(7), .succeeded, Outcome(.exited, code: 0)),
            ([.accepted, success], .signalled(9), .succeeded, Outcome(.exited, code: 0)),
            ([success], .exited(0), .succeeded, Outcome(.exited, code: 0)),
            ([.accepted, .result(isSuccess: false, reason: "no")], .exited(0), .failed, Outcome(.failed)),
            ([.accepted, .result(isSuccess: false, reason: "no"), success], .exited(0), .failed, Outcome(.failed)),
            ([.accepted, success, .fault("babbles")], .exited(0), .succeeded, Outcome(.exited, code: 0)),
            ([.accepted, .fault("babbles"), success], .exited(0), .failed, Outcome(.failed)),
            ([.accepted], .exited(0), .failed, Outcome(.noResult, code: 0)),
            ([.accepted], .exited(3), .failed, Outcome(.exited, code: 3)),
            ([.accepted], .signalled(11), .failed, Outcome(.signalled, code: 11)),
            ([.accepted], .lost("gone"), .failed, Outcome(.lost)),
            ([], .lost("gone"), .failed, Outcome(.lost)),
        ]
        for it in cases {
            // Heard one by one while it runs, all at once, and only after its end.
            for way in 0..<3 {
                let rig = try rig(slots: 1)
                try ready(rig, 1)
                let task = try rig.submit(.command())
                if way == 0 { for news in it.news { try rig.say(1, news) } }
                if way == 1 { try rig.turn(.worker(1, it.news, bytes: 5)) }
                var end = rig.ending(1, it.ending)
                if way == 2 { end.news = it.news }
                try rig.turn(.ended(end))
                #expect(try rig.task(task).phase == it.phase, "\(it) \(way)")
                #expect(try rig.attempt(1).outcome == it.outcome, "\(it) \(way)")
            }
        }
    }

    @Test func aStopThatCameTooLateMakesNoSuccess() throws {
        let cases: [(news: [WorkerNews], outcome: Outcome)] = [
            ([], Outcome(.cancelled)), ([.accepted], Outcome(.noResult, code: 0)),
            ([.accepted, success], Outcome(.exited, code: 0)),
        ]
        for it in cases {
            let rig = try rig(slots: 1)
            try ready(rig, 1)
            let task = try rig.submit(.command())
            for news in it.news { try rig.say(1, news) }
            try rig.ask(.cancel(CancelParameters(ids: [task])))
            try rig.end(1, .exited(0))
            #expect(try rig.attempt(1).outcome == it.outcome, "\(it)")
        }
    }

    // MARK: Workers that misbehave

    @Test func aTaskThatItsWorkerNeverTookGoesBackUncounted() throws {
        let endings: [AttemptEnd.Ending] = [.exited(0), .exited(1), .signalled(9)]
        for ending in endings {
            let rig = try rig(slots: 1)
            try ready(rig, 1)
            let task = try rig.submit(.command())
            let turn = try rig.end(1, ending)
            #expect(turn.forgotten == [1])
            #expect(try rig.task(task).phase == .delayed && rig.task(task).attempts == 0)
            #expect(try rig.backoff()?.failures == 1)
            rig.advance(2_000)
            try rig.turn()
            try ready(rig, 2)
            #expect(try rig.live(of: task).id == 2 && rig.live(of: task).number == 1)
        }
    }

    @Test func oneThatDoesNotTakeItsTaskIsEnded() throws {
        let rig = try rig(slots: 1)
        try ready(rig, 1)
        let task = try rig.submit(.command())
        rig.advance(Worker.acceptTimeout)
        #expect(try rig.turn().stopped == [1])
        #expect(try rig.turn().stopped == [])
        try rig.end(1, .signalled(15), stopped: true)
        #expect(try rig.task(task).phase == .delayed && rig.task(task).attempts == 0)
    }

    @Test func aHangAfterTheResultIsEndedAndCountsByTheResult() throws {
        let rig = try rig(slots: 1)
        try ready(rig, 1)
        let task = try rig.submit(.command { $0.timeout = 3_600 })
        try rig.say(1, .accepted)
        try rig.say(1, success)
        rig.advance(Worker.exitTimeout - 1)
        #expect(try rig.turn().stopped == [])
        rig.advance(1)
        #expect(try rig.turn().stopped == [1])
        try rig.end(1, .signalled(9), stopped: true)
        #expect(try rig.task(task).phase == .succeeded)
    }

    @Test func oneThatBabblesIsEnded() throws {
        let rig = try rig(slots: 3)
        try ready(rig, 1, 2)
        try rig.start(3)
        let task = try rig.submit(.command())
        // Before it was ready, while it waited, and before it took its task.
        #expect(try rig.say(3, .fault("babbles")).stopped == [3])
        #expect(try rig.say(2, .accepted).stopped == [2])
        #expect(try rig.say(1, .fault("babbles")).stopped == [1])
        for worker in [3, 2, 1] as [Int64] { try rig.end(worker, .signalled(15), stopped: true) }
        #expect(try rig.task(task).phase == .delayed && rig.workers().isEmpty)
    }

    @Test func failuresBeforeReadyBackOffOneByOne() throws {
        let rig = try rig(slots: 3)
        var end = rig.ending(1, .exited(1))
        end.stderrTail = "no such module"
        try rig.turn(.ended(end))
        let first = try #require(try rig.backoff())
        #expect(first.failures == 1 && first.after == 3)
        #expect(first.reason == "a worker never became ready: exited with status 1: no such module")
        #expect((750...1250).contains(first.until - rig.now.wall))
        // Those that were started with it say nothing new.
        try rig.end(2, .exited(1))
        #expect(try rig.end(3, .exited(1)).nextWall == first.until)
        #expect(try rig.backoff()?.failures == 1 && rig.workers().isEmpty)
        var wait = first.until - rig.now.wall
        for failures in 2...12 {
            rig.advance(wait - 1)
            #expect(try rig.turn().launchedWorkers.isEmpty)
            rig.advance(1)
            let probe = try rig.turn().launchedWorkers
            #expect(probe.count == 1, "one is enough to see")
            #expect(try rig.turn(.ended(rig.ending(probe[0].id, .failedToStart("gone"), ran: false))).launchedWorkers.isEmpty)
            let backoff = try #require(try rig.backoff())
            #expect(backoff.failures == failures)
            wait = backoff.until - rig.now.wall
            let expected = min(1_000 << (failures - 1), 300_000)
            #expect((expected * 3 / 4...expected * 5 / 4).contains(Int(wait)))
        }
        rig.advance(wait)
        let probe = try #require(try rig.turn().launchedWorkers.first)
        try rig.start(probe.id)
        #expect(try rig.say(probe.id, .ready(capabilities: [], version: nil)).launchedWorkers.count == 2)
        #expect(try rig.backoff() == nil)
    }

    @Test func aReadyThatNeverComesIsAFailure() throws {
        let rig = try rig(slots: 1)
        try rig.start(1)
        rig.advance(60_000)
        #expect(try rig.turn().stopped == [1])
        #expect(try rig.backoff()?.reason == "a worker was not ready within 60000 ms")
        try rig.end(1, .signalled(15), stopped: true)
        #expect(try rig.workers().isEmpty)
    }

    @Test func oneThatIsKilledWhileReadyIsReplacedAndNoTaskIsAffected() throws {
        let rig = try rig(slots: 2)
        try ready(rig, 1, 2)
        rig.advance(Worker.minimumLife)
        let turn = try rig.end(1, .signalled(9))
        #expect(turn.launchedWorkers.map(\.id) == [3] && turn.discardedWorkers == [1])
        #expect(try rig.backoff() == nil)
        #expect(rig.events.last?.kind == .workerExited && rig.events.last?.detail == "killed by SIGKILL")
        // One that dies as soon as it is ready is another matter.
        try rig.start(3)
        try rig.say(3, .ready(capabilities: [], version: nil))
        #expect(try rig.end(3, .exited(0)).launchedWorkers.isEmpty)
        #expect(try rig.backoff()?.failures == 1)
    }

    @Test func oneThatIsKilledWhileBusyIsReplacedAndItsTaskRetriedByPolicy() throws {
        let rig = try rig(slots: 1, retries: 1)
        try ready(rig, 1)
        let task = try rig.submit(.command())
        try rig.say(1, .accepted)
        #expect(try rig.end(1, .signalled(9)).launchedWorkers.map(\.id) == [2])
        #expect(try rig.task(task).phase == .delayed && rig.task(task).attempts == 1)
        try ready(rig, 2)
        rig.advance(10_000)
        #expect(try rig.turn().assigned.map(\.attempt.number) == [2])
    }

    // MARK: How many there are

    @Test func anIdleOneIsReplacedByAFreshOne() throws {
        let rig = try rig(slots: 1, maxIdle: 5_000)
        try ready(rig, 1)
        rig.advance(4_999)
        #expect(try rig.turn().dismissed == [])
        rig.advance(1)
        #expect(try rig.turn().dismissed == [1])
        #expect(try rig.submit(.command()) > 0 && rig.liveAttempts().isEmpty, "it gets no task any more")
        // One that does not go by itself is ended.
        rig.advance(Worker.exitTimeout)
        #expect(try rig.turn().stopped == [1])
        #expect(try rig.end(1).launchedWorkers.map(\.id) == [2])
        #expect(try rig.backoff() == nil)
    }

    @Test func theirNumberFollowsTheLoad() throws {
        let rig = try rig(slots: 5, minReady: 1)
        #expect(try rig.workers().count == 1)
        try rig.submit(many: [.command(), .command(), .command()])
        #expect(try rig.workers().count == 3)
        try ready(rig, 1, 2, 3)
        #expect(try rig.liveAttempts().map(\.id) == [1, 2, 3] && rig.workers().map(\.id) == [4])
        try rig.ask(.resizePool("default", slots: 3))
        #expect(try rig.workers().map(\.state) == [.exiting])
    }

    @Test func aPausedPoolKeepsItsWorkersAndADrainedDaemonDoesNot() throws {
        let rig = try rig(slots: 2)
        try ready(rig, 1)
        try rig.ask(.pausePool("default"))
        try rig.submit(.command())
        #expect(try rig.liveAttempts().isEmpty && rig.workers().count == 2)
        try rig.ask(.resumePool("default"))
        #expect(try rig.liveAttempts().map(\.id) == [1])
        let input = rig.request(.drain)
        let turn = try rig.turn(input)
        #expect(turn.revoked == [2] && turn.dismissed == [])
        try rig.turn(.revoked(attempt: 2, accepted: true))
        #expect(try rig.workers().isEmpty)
    }

    @Test func anotherConfigurationReplacesThem() throws {
        let rig = try rig(slots: 2)
        try ready(rig, 1, 2)
        try rig.submit(.command())
        rig.pools[0].warm?.fingerprint = 2
        #expect(try rig.turn(.configured(rig.pools)).dismissed == [2])
        #expect(try rig.end(2).launchedWorkers.map(\.fingerprint) == [2])
        #expect(try rig.attempt(1).state == .running, "a task goes on with the worker it has")
        rig.pools[0].warm = nil
        #expect(try rig.turn(.configured(rig.pools)).revoked == [3])
    }

    // MARK: Engines and supervisors that come and go

    @Test func anotherEngineGoesOnWithEachOfThem() throws {
        let rig = try rig(slots: 5)
        try ready(rig, 1, 2, 3)
        let tasks = try rig.submit(many: [.command("given"), .command("taken")])
        try rig.say(2, .accepted)
        try rig.start(4)
        let started = (1...4).map { rig.starting($0) }
        try rig.restart()
        let turn = try rig.connect(
            Inventory(
                store: Rig.supervisorStore, heardUpTo: 5, waiting: [5], started: started, channels: [1, 2, 3, 4]))
        // The one that has not said that it has its task is told again; the others are left alone.
        #expect(turn.assigned.map(\.attempt.id) == [1] && turn.assigned.allSatisfy { $0.again && $0.task.id == tasks[0] })
        #expect(turn.stopped.isEmpty && turn.dismissed.isEmpty && turn.revoked.isEmpty && turn.launchedWorkers.isEmpty)
        #expect(try rig.workers().map(\.state) == [.ready, .starting, .launched])
        #expect(try rig.attempt(2).delivery == .accepted)
        var end = rig.ending(2)
        end.news = [success]
        try rig.turn(.ended(end))
        #expect(try rig.task(tasks[1]).phase == .succeeded)
    }

    @Test func theResultThatNoEngineHeardComesWithTheInventory() throws {
        let rig = try rig(slots: 1)
        try ready(rig, 1)
        let task = try rig.submit(.command())
        var end = rig.ending(1)
        end.news = [.accepted, success]
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 1, ended: [end]))
        #expect(try rig.task(task).phase == .succeeded && rig.workers().map(\.id) == [2])
    }

    /// Its channel went with a supervisor, and the only engine that had heard it could not commit.
    @Test(arguments: [false, true]) func whatNobodyCanReadAnyMoreCountsAsLost(hasAccepted: Bool) throws {
        let rig = try rig(slots: 1)
        try ready(rig, 1)
        let task = try rig.submit(.command { $0.retries = 0 })
        if hasAccepted { try rig.say(1, .accepted) }
        var end = rig.ending(1)
        end.isUnread = true
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 1, ended: [end]))
        #expect(try rig.task(task).phase == .failed, "it may have been done, and must not be done again")
        #expect(try rig.attempt(1).outcome?.kind == .lost && rig.backoff() == nil)
    }

    @Test func oneThatCannotBeTalkedToIsReplaced() throws {
        let rig = try rig(slots: 1)
        try ready(rig, 1)
        let started = [rig.starting(1)]
        try rig.restart()
        let turn = try rig.connect(Inventory(store: Rig.supervisorStore, heardUpTo: 1, started: started))
        #expect(turn.stopped == [1])
        #expect(try rig.end(1, .signalled(15), stopped: true).launchedWorkers.count == 1)
        #expect(try rig.backoff() == nil)
    }

    @Test func anotherSupervisorHasNone() throws {
        let rig = try rig(slots: 3)
        try ready(rig, 1, 2)
        let task = try rig.submit(.command { $0.retries = 1 })
        try rig.turn(.disconnected)
        let turn = try rig.connect(Inventory(store: 7, heardUpTo: 0))
        #expect(turn.discardedWorkers == [2, 3] && turn.launchedWorkers.count == 3 && turn.stopped.isEmpty)
        #expect(try rig.attempt(1).outcome == Outcome(.lost) && rig.task(task).phase == .delayed)
    }
}
