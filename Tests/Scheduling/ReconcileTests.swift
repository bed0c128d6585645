import OrchProtocol
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling

@Suite struct ReconcileTests {
    /// An engine that knew attempts 1 to 5, of which 1 and 2 run, and comes back to a supervisor.
    private func rig(retries: Int = 0) throws -> Rig {
        let rig = try Rig(slots: 5)
        try rig.submit(many: Array(repeating: .command { $0.retries = retries }, count: 5))
        try rig.turn(.started(rig.starting(1)), .started(rig.starting(2, slot: 1)))
        try rig.restart()
        return rig
    }

    private func inventory(_ heardUpTo: Int64, store: UInt64 = Rig.supervisorStore) -> Inventory {
        Inventory(store: store, heardUpTo: heardUpTo)
    }

    @Test func nothingStartsBeforeTheSupervisorIsThere() throws {
        let rig = try Rig(connected: false)
        try rig.submit(.command())
        #expect(try rig.turn().launches.isEmpty)
        let turn = try rig.connect()
        #expect(turn.slots == ["default": 2])
        #expect(turn.launchedTasks == [1])
        try rig.turn(.disconnected)
        let second = try rig.submit(.command())
        #expect(try rig.task(second).phase == .ready)
        #expect(rig.events.suffix(2).map(\.kind) == [.supervisorLost, .taskQueued])
        #expect(try rig.turn(.disconnected).effects.isEmpty)
    }

    @Test func whatIsAsItWasGoesOn() throws {
        let rig = try rig()
        var inventory = inventory(5)
        inventory.started = [rig.starting(1), rig.starting(2)]
        inventory.waiting = [3, 4, 5]
        let turn = try rig.connect(inventory)
        #expect(turn.effects.count == 3, "slots, what to sweep and an event: \(turn.effects)")
        #expect(try rig.liveAttempts().map(\.state) == [.running, .running, .dispatched, .dispatched, .dispatched])
    }

    @Test func whatHappenedMeanwhileIsTaken() throws {
        let rig = try rig()
        var inventory = inventory(5)
        inventory.started = [rig.starting(1), rig.starting(3)]
        inventory.ended = [rig.ending(2, .exited(7)), rig.ending(4)]
        inventory.waiting = [5]
        let turn = try rig.connect(inventory)
        #expect(turn.acknowledged == [2, 4])
        #expect(try rig.phases([1, 2, 3, 4, 5]) == [.active, .failed, .active, .succeeded, .active])
        #expect(try rig.attempt(3).state == .running)
        #expect(try rig.attempt(4).pid == 10_004)
    }

    @Test func whatWasNeverHeardOfIsHandedOver() throws {
        let rig = try rig()
        var inventory = inventory(3)
        inventory.started = [rig.starting(1), rig.starting(2)]
        inventory.waiting = [3]
        let input = rig.request(.submit(.one(.command())))
        let turn = try rig.turn(.connected(inventory), input)
        #expect(turn.launchedAttempts == [4, 5], "the same attempts, in the order of their numbers")
        #expect(turn.launches.map(\.attempt.number) == [1, 1])
        #expect(try rig.task(4).attempts == 1)
        try rig.turn(.disconnected)
        // And again, if the link broke before they were heard.
        #expect(try rig.connect(inventory).launchedAttempts == [4, 5])
    }

    @Test func theInputGoesAlongAgain() throws {
        let rig = try Rig()
        try rig.submit(.command { $0.stdin = "in" })
        try rig.restart()
        #expect(try rig.connect(inventory(0)).launches.map(\.input) == ["in"])
    }

    /// What comes later in the turn of the connection finds the orders handed over, not still to come.
    @Test func anOrderThatIsHandedOverCanBeTakenBackInTheSameTurn() throws {
        for command: Command in [.cancel(CancelParameters(ids: [1])), .pausePool("default"), .drain, .shutdown] {
            let rig = try Rig(slots: 1)
            try rig.submit(.command())
            try rig.restart()
            let turn = try rig.turn(.connected(inventory(0)), rig.request(command))
            let launch = try #require(turn.effects.firstIndex { if case .launch = $0 { true } else { false } })
            let undo = try #require(
                turn.effects.firstIndex { $0 == .revoke(attempt: 1) || $0 == .stop(attempt: 1, grace: 10_000) })
            #expect(launch < undo, "\(command)")
        }
    }

    /// An end in the inventory closes a gate, and others behind it have not started: those that wait are taken back, and those
    /// that were never heard of are not handed over at all. A word to take back what was not there yet would be answered with yes.
    @Test(arguments: [false, true]) func whatIsBehindAGateThatTheInventoryClosesIsTakenBack(isHeardOf: Bool) throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 2, agent: "claude")])
        let ids = try rig.submit(many: [.prompt("a"), .prompt("b")])
        var inventory = inventory(isHeardOf ? 2 : 1)
        var end = rig.ending(1, .exited(1))
        end.failure = AgentFailure(.usageLimit, "used up", until: rig.now.wall + 1_000)
        inventory.ended = [end]
        if isHeardOf { inventory.waiting = [2] }
        try rig.restart()
        let turn = try rig.connect(inventory)
        #expect(turn.launches.isEmpty && turn.revoked == (isHeardOf ? [2] : []))
        if isHeardOf { try rig.turn(.revoked(attempt: 2, accepted: true)) }
        #expect(try rig.phases(ids) == [.ready, .ready] && rig.liveAttempts().isEmpty)
    }

    /// Whatever is said of orders before the supervisor has told what it has is settled then, and not sent to it.
    @Test func nothingIsSentToASupervisorThatIsNotThere() throws {
        let commands: [Command] = [
            .cancel(CancelParameters(ids: [1])), .pausePool("default"), .resizePool("default", slots: 1), .drain, .shutdown,
        ]
        for command in commands {
            let rig = try Rig(slots: 2)
            try rig.submit(many: [.command(), .command()])
            try rig.start(2)
            try rig.restart()
            let turn = try rig.turn(rig.request(command), rig.request(.resumePool("default")))
            #expect(turn.revoked.isEmpty && turn.stopped.isEmpty, "\(command)")
        }
        let rig = try Rig(slots: 1)
        let id = try rig.submit(.command())
        try rig.restart()
        let turn = try rig.turn(
            rig.request(.pausePool("default")), rig.request(.resumePool("default")), .connected(inventory(0)))
        #expect(turn.revoked.isEmpty)
        #expect(turn.launchedTasks == [id])
    }

    @Test func anotherStoreMeansThatWhatWasThereIsLost() throws {
        for received in [0, 5, 9] as [Int64] {
            let rig = try rig()
            let turn = try rig.connect(inventory(received, store: 77))
            #expect(turn.launches.isEmpty)
            #expect(try rig.phases([1, 2, 3, 4, 5]) == Array(repeating: .failed, count: 5))
            #expect(try rig.attempt(1).outcome == Outcome(.lost))
            #expect(try rig.attempt(1).reason == "lost: the supervisor or the machine went down while it ran")
            #expect(
                try rig.attempt(5).reason == "lost: the supervisor or the machine went down before it was known to have started"
            )
            // From then on, that store is the one.
            let id = try rig.submit(.command())
            let attempt = try rig.live(of: id).id
            #expect(attempt == max(received, 5) + 1)
            try rig.restart()
            #expect(try rig.connect(inventory(received, store: 77)).launchedAttempts == [attempt])
        }
    }

    @Test func whatIsLostIsRetriedByPolicy() throws {
        let rig = try rig(retries: 1)
        try rig.connect(inventory(0, store: 77))
        #expect(try rig.phases([1, 5]) == [.delayed, .delayed])
        #expect(try rig.task(1).attempts == 1)
    }

    /// The supervisor notes every start before it happens, so what it heard of and no longer has never started.
    @Test func whatWasHeardOfAndNeverStartedGoesBackWithoutCounting() throws {
        let rig = try rig()
        var inventory = inventory(5)
        inventory.started = [rig.starting(1)]
        let turn = try rig.connect(inventory)
        #expect(try rig.task(2).phase == .failed, "it ran, and its end is not known")
        #expect(turn.launchedTasks == [3, 4, 5])
        #expect(turn.launchedAttempts == [6, 7, 8])
        #expect(try rig.task(3).attempts == 1)
    }

    @Test func aRevokeWhoseAnswerWasLost() throws {
        let rig = try Rig(slots: 1)
        let ids = try rig.submit(many: [.command(), .command { $0.priority = 1 }])
        try rig.submit(.command { $0.priority = 2 })
        try rig.restart()
        // The supervisor has dropped the order, and the engine that had asked for it is gone.
        let turn = try rig.connect(inventory(1))
        #expect(turn.launchedTasks == [3])
        #expect(try rig.phases(ids) == [.ready, .ready])
    }

    /// A backup was restored: the supervisor has heard of attempts that this database will only hand out.
    @Test func anOlderDatabaseSkipsTheNumbersThatAreTaken() throws {
        let rig = try rig()
        var inventory = inventory(40)
        inventory.started = [rig.starting(1), rig.starting(33)]
        inventory.waiting = [34]
        inventory.ended = [rig.ending(35)]
        let turn = try rig.connect(inventory)
        #expect(turn.stopped == [33, 34])
        #expect(turn.acknowledged.first == 35)
        #expect(try rig.phases([1, 2, 3, 4, 5]) == [.active, .failed, .failed, .failed, .failed])
        let id = try rig.submit(.command())
        #expect(try rig.live(of: id).id == 41)
    }

    @Test func aStopThatWasUnderwayIsRepeated() throws {
        let rig = try rig()
        try rig.connect(
            Inventory(
                store: Rig.supervisorStore, heardUpTo: 5, waiting: [3, 4, 5], started: [rig.starting(1), rig.starting(2)]))
        try rig.ask(.cancel(CancelParameters(ids: [1, 2, 3, 4, 5])))
        try rig.restart()
        var inventory = inventory(4)
        inventory.waiting = [3]
        // It had started when the stop was asked for, or the end of it was not noticed.
        inventory.started = [rig.starting(1), rig.starting(4)]
        let turn = try rig.connect(inventory)
        #expect(turn.stopped.sorted() == [1, 3, 4])
        #expect(turn.launches.isEmpty)
        #expect(try rig.phases([1, 2, 3, 4, 5]) == [.active, .cancelled, .active, .active, .cancelled])
        #expect(try rig.task(5).attempts == 0)
        #expect(try rig.attempt(4).wakeAt == nil)
    }

    @Test func timeoutsGoOnFromTheStart() throws {
        let rig = try Rig()
        try rig.submit(.command { $0.timeout = 10 })
        let start = rig.starting(1)
        try rig.turn(.started(start))
        rig.advance(4_000)
        try rig.restart()
        var inventory = inventory(1)
        inventory.started = [start]
        #expect(try rig.connect(inventory).nextMonotonic == start.startedMonotonic + 10_000)
        rig.advance(7_000)
        try rig.restart()
        #expect(try rig.connect(inventory).stopped == [1])
    }

    @Test(arguments: ["paused", "removed", "draining daemon"])
    func ordersOfAPoolThatMayNotStartAreTakenBack(why: String) throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 4), PoolSettings(name: "b", slots: 1)])
        try rig.submit(many: Array(repeating: .command(), count: 3))
        try rig.turn(.disconnected)
        switch why {
        case "paused": try rig.ask(.pausePool("default"))
        case "removed":
            rig.pools.removeFirst()
            try rig.turn(.configured(rig.pools))
        default: try rig.ask(.drain)
        }
        var inventory = inventory(2)
        inventory.waiting = [1]
        let turn = try rig.connect(inventory)
        #expect(turn.revoked == [1])
        #expect(turn.launches.isEmpty)
        #expect(try rig.phases([1, 2, 3]) == [.active, .ready, .ready])
    }
}
