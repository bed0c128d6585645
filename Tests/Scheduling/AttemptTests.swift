import OrchProtocol
import SupervisorLink
import TestSupport
import Testing

@testable import Scheduling

@Suite struct AttemptTests {
    @Test func aTaskThatSucceeds() throws {
        let rig = try Rig()
        let id = try rig.submit(.command())
        rig.advance(5)
        try rig.start(1)
        #expect(try rig.attempt(1).state == .running)
        #expect(try rig.attempt(1).pid == 10_001)
        rig.advance(5)
        var end = rig.ending(1)
        end.start?.startedAt -= 5
        end.start?.startedMonotonic -= 5
        end.cpuUser = 10
        end.cpuSystem = 20
        end.peakMemory = 30
        end.measures = Measures(
            bytesRead: 1, bytesWritten: 2, stalledForProcessor: 3, stalledForMemory: 4, stalledForDisk: 5)
        let turn = try rig.turn(.ended(end))
        #expect(turn.acknowledged == [1])
        let attempt = try rig.attempt(1)
        #expect((attempt.state, attempt.outcome) == (.ended, Outcome(.exited, code: 0)))
        #expect((attempt.cpuUser, attempt.cpuSystem, attempt.peakMemory) == (10, 20, 30))
        #expect(attempt.measures == end.measures)
        #expect(attempt.endedAt == rig.now.wall && attempt.startedAt == rig.now.wall - 5)
        let task = try rig.task(id)
        #expect((task.phase, task.finishedAt, task.attempts) == (.succeeded, rig.now.wall, 1))
        #expect(rig.events.filter { $0.task == id }.map(\.kind) == [.taskQueued, .taskStarted, .taskFinished])
    }

    @Test func theRunTimeoutEndsIt() throws {
        let rig = try Rig()
        let id = try rig.submit(.command { $0.timeout = 2 })
        #expect(try rig.start(1).nextMonotonic == rig.now.monotonic + 2_000)
        rig.advance(1_999)
        #expect(try rig.turn().stopped.isEmpty)
        rig.advance(1)
        let turn = try rig.turn()
        #expect(turn.stopped == [1])
        #expect(turn.nextMonotonic == nil)
        #expect(try rig.turn().stopped.isEmpty, "it is told once")
        try rig.end(1, .signalled(15), stopped: true)
        #expect(try rig.attempt(1).outcome == Outcome(.runTimeout))
        #expect(try rig.task(id).reason == "ran longer than its timeout of 2 s")
    }

    @Test func theIdleTimeoutGoesByTheOutput() throws {
        let rig = try Rig()
        try rig.submit(
            .command {
                $0.idleTimeout = 1
                $0.timeout = 3.5
            })
        let start = rig.now.monotonic
        #expect(try rig.start(1).nextMonotonic == start + 1_000)
        rig.advance(1_000)
        #expect(try rig.turn().checked == [1])
        // It wrote half a second ago.
        #expect(try rig.turn(rig.outputSeen(1, last: start + 500)).nextMonotonic == start + 1_500)
        rig.advance(500)
        #expect(try rig.turn().checked == [1])
        rig.advance(2)
        #expect(try rig.turn(rig.outputSeen(1, last: start + 1_501)).nextMonotonic == start + 2_501)
        rig.advance(999)
        #expect(try rig.turn().checked == [1])
        // The run timeout is nearer than the idle one now.
        #expect(try rig.turn(rig.outputSeen(1, last: start + 2_501)).nextMonotonic == start + 3_500)
        rig.advance(600)
        #expect(try rig.turn(rig.outputSeen(1, last: start + 2_501)).stopped.isEmpty)
        #expect(try rig.turn(rig.outputSeen(1, last: start + 2_000)).stopped == [1])
        #expect(try rig.attempt(1).stopping == .idleTimeout)
        #expect(try rig.turn(rig.outputSeen(1, last: start + 3_000)).effects.isEmpty)
        try rig.end(1, .exited(0), stopped: true)
        #expect(try rig.attempt(1).outcome == Outcome(.idleTimeout))
        #expect(try rig.attempt(1).reason == "wrote no output for 1 s")
    }

    @Test func oneThatNeverWroteIsIdleSinceItsStart() throws {
        let rig = try Rig()
        try rig.submit(.command { $0.idleTimeout = 0.25 })
        try rig.start(1)
        rig.advance(250)
        #expect(try rig.turn().checked == [1])
        #expect(try rig.turn(rig.outputSeen(1, last: 0)).stopped == [1])
        try rig.end(1, .signalled(9), stopped: true)
        #expect(try rig.attempt(1).reason == "wrote no output for 0.25 s")
    }

    @Test func anOldAnswerDoesNotTellThatItWasIdle() throws {
        let rig = try Rig()
        try rig.submit(.command { $0.idleTimeout = 1 })
        let start = rig.now.monotonic
        try rig.start(1)
        rig.advance(1_000)
        #expect(try rig.turn().checked == [1])
        // The disk was full for a while, so the turn with the answer comes late. It is looked at once more.
        rig.advance(5_000)
        let late = try rig.turn(.outputSeen(attempt: 1, last: start + 900, lookedAt: start + 1_000))
        #expect(late.stopped.isEmpty)
        #expect(late.checked == [1])
        let now = rig.now.monotonic
        #expect(try rig.turn(rig.outputSeen(1, last: now - 999)).stopped.isEmpty)
        #expect(try rig.turn(rig.outputSeen(1, last: now - 1_000)).stopped == [1])
    }

    @Test func tooMuchOutputEndsIt() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 1, grace: 77)])
        let id = try rig.submit(.command())
        try rig.start(1)
        #expect(try rig.turn(.outputLimitReached(attempt: 1)).effects == [.stop(attempt: 1, grace: 77)])
        #expect(try rig.turn(.outputLimitReached(attempt: 1), .outputLimitReached(attempt: 9)).effects.isEmpty)
        try rig.end(1, .signalled(15), stopped: true)
        #expect(try rig.attempt(1).outcome == Outcome(.outputLimit))
        #expect(try rig.task(id).phase == .failed)
    }

    @Test func shortOfResourcesDoesNotCount() throws {
        let rig = try Rig()
        let id = try rig.submit(.command { $0.retries = 0 })
        let turn = try rig.turn(.ended(rig.ending(1, .shortOfResources("no process to be had"), ran: false)))
        #expect(turn.acknowledged == [1])
        var task = try rig.task(id)
        #expect((task.phase, task.attempts, task.reason) == (.delayed, 0, "no process to be had"))
        #expect(turn.nextWall == rig.now.wall + 1_000)
        rig.advance(1_000)
        #expect(try rig.turn().launchedAttempts == [2])
        task = try rig.task(id)
        #expect((task.attempts, task.reason) == (1, nil))
        #expect(try rig.live(of: id).number == 1)
        // Cancelled meanwhile, it is not put back.
        try rig.ask(.cancel(CancelParameters(ids: [id])))
        try rig.turn(.ended(rig.ending(2, .shortOfResources("again"), ran: false)))
        #expect(try rig.task(id).phase == .cancelled)
    }

    @Test func lateAndRepeatedReportsAreHarmless() throws {
        let rig = try Rig()
        let id = try rig.submit(.command { $0.retries = 1 })
        try rig.start(1)
        try rig.start(1)
        try rig.end(1, .exited(3))
        let after = try rig.task(id)
        let counts = rig.counts("default")
        // An end is acknowledged however often it comes.
        for end in [rig.ending(1), rig.ending(1, .exited(3)), rig.ending(1, .lost("gone"), ran: false)] {
            #expect(try rig.turn(.ended(end)).effects == [.acknowledge(attempt: 1)])
        }
        let others: [Input] = [
            .started(rig.starting(1)), .revoked(attempt: 1, accepted: true), .revoked(attempt: 1, accepted: false),
            .outputLimitReached(attempt: 1), rig.outputSeen(1, last: 0), .started(rig.starting(50)),
            .revoked(attempt: 50, accepted: true), rig.outputSeen(50, last: 0),
        ]
        for input in others { #expect(try rig.turn(input).effects.isEmpty, "\(input)") }
        #expect(try rig.turn(.ended(rig.ending(50))).effects == [.acknowledge(attempt: 50)])
        #expect(try rig.task(id) == after)
        #expect(rig.counts("default") == counts)
        #expect(rig.liveCounts("default") == LiveCounts())
    }

    @Test func anEndThatComesWithoutItsStartTellsBoth() throws {
        let rig = try Rig()
        let id = try rig.submit(.command())
        try rig.end(1)
        #expect(try rig.attempt(1).pid == 10_001)
        #expect(rig.events.filter { $0.task == id }.map(\.kind) == [.taskQueued, .taskStarted, .taskFinished])
    }
}

@Suite struct CancelTests {
    private func cancel(_ id: Int64) -> Command { .cancel(CancelParameters(ids: [id])) }

    @Test func queuedDelayedAndHeldAreCancelledAtOnce() throws {
        let rig = try Rig(slots: 0)
        let ids = try rig.submit(many: [
            .command(), .command { $0.notBefore = Timestamp(milliseconds: rig.now.wall + 9) }, .command { $0.hold = true },
        ])
        let reply = try rig.ask(.cancel(CancelParameters(ids: ids)), by: Rig.alice)
        #expect(reply == .changed(TasksChanged(tasks: ids.map { .init(id: $0, state: .cancelled) })))
        #expect(try rig.phases(ids) == [.cancelled, .cancelled, .cancelled])
        #expect(try rig.task(ids[1]).dueAt == nil)
        // Once more, it stays as it is.
        #expect(
            try rig.ask(cancel(ids[0]))
                == .changed(TasksChanged(tasks: [.init(id: ids[0], state: .cancelled, unchanged: true)])))
        #expect(rig.events.filter { $0.kind == .taskFinished }.count == 3)
    }

    @Test func oneThatRunsIsCancelledWhenItIsGone() throws {
        let rig = try Rig()
        let id = try rig.submit(.command { $0.retries = 3 })
        try rig.start(1)
        let input = rig.request(cancel(id))
        let turn = try rig.turn(input)
        #expect(turn.stopped == [1])
        #expect(turn.reply(to: input) == .changed(TasksChanged(tasks: [.init(id: id, state: .running)])))
        #expect(try rig.turn(rig.request(cancel(id))).stopped.isEmpty, "it is told once")
        try rig.end(1, .exited(0), stopped: true)
        #expect(try rig.task(id).phase == .cancelled)
        #expect(try rig.attempt(1).outcome == Outcome(.cancelled))
    }

    @Test func oneThatEndsByItselfFirstKeepsItsOutcomeButIsNotRetried() throws {
        let rig = try Rig()
        let ids = try rig.submit(many: [.command { $0.retries = 3 }, .command { $0.retries = 3 }])
        try rig.turn(.started(rig.starting(1)), .started(rig.starting(2)))
        try rig.ask(.cancel(CancelParameters(ids: ids)))
        try rig.end(1, .exited(0))
        try rig.end(2, .exited(9))
        #expect(try rig.phases(ids) == [.succeeded, .cancelled])
        #expect(try rig.attempt(2).outcome == Outcome(.exited, code: 9))
    }

    /// The supervisor takes a stop for an order that waits as the end of it, whichever way it says so.
    @Test(arguments: [0, 1, 2])
    func oneThatWaitsAtTheSupervisor(answer: Int) throws {
        let rig = try Rig()
        let id = try rig.submit(.command { $0.retries = 3 })
        #expect(try rig.turn(rig.request(cancel(id))).stopped == [1])
        switch answer {
        case 0: try rig.turn(.revoked(attempt: 1, accepted: true))
        case 1:
            var end = rig.ending(1, .lost("never started"), ran: false)
            end.stopped = true
            try rig.turn(.ended(end))
        default:
            // It had started by then.
            try rig.start(1)
            #expect(try rig.attempt(1).wakeAt == nil)
            try rig.end(1, .signalled(15), stopped: true)
        }
        let task = try rig.task(id)
        #expect((task.phase, task.attempts) == (.cancelled, answer == 0 ? 0 : 1))
        #expect(try rig.liveAttempts().isEmpty)
    }

    @Test func oneWhoseRevokeIsOnItsWay() throws {
        for accepted in [true, false] {
            let rig = try Rig(slots: 1)
            let low = try rig.submit(.command())
            try rig.submit(.command { $0.priority = 1 })
            try rig.ask(cancel(low))
            let turn = try rig.turn(.revoked(attempt: 1, accepted: accepted))
            #expect(try rig.task(low).phase == (accepted ? .cancelled : .active))
            #expect(turn.launches.count == (accepted ? 1 : 0))
            if !accepted {
                try rig.turn(.started(rig.starting(1)))
                try rig.end(1, .signalled(15), stopped: true)
                #expect(try rig.task(low).phase == .cancelled)
            }
        }
    }

    @Test func aWholePoolInStrides() throws {
        let rig = try Rig(pools: [PoolSettings(name: "default", slots: 1), PoolSettings(name: "b", slots: 0)])
        let count = SchedulerState.stride * 2 + 10
        try rig.submit(many: Array(repeating: .command(), count: count), by: Rig.alice)
        try rig.submit(many: [.command(), .command()], by: Rig.bob)
        try rig.submit(.command { $0.pool = "b" }, by: Rig.alice)
        let input = rig.request(.cancel(CancelParameters(pool: "default")), by: Rig.alice)
        var turn = try rig.turn(input)
        var turns = 1
        while turn.reply(to: input) == nil {
            #expect(turn.again.count == 1)
            turn = try rig.turn(turn.again)
            turns += 1
        }
        #expect(turns == 3)
        #expect(turn.reply(to: input) == .changed(TasksChanged(tasks: [], count: count)))
        let counts = rig.counts("default")
        #expect((counts.cancelled, counts.running, counts.ready) == (count - 1, 1, 2))
        // One of them is being ended already.
        #expect(try rig.ask(.cancel(CancelParameters(all: true))) == .changed(TasksChanged(tasks: [], count: 3)))
        #expect(try rig.refusal(.cancel(CancelParameters(pool: "c"))).kind == .unknownPool)
    }

    @Test(arguments: [
        CancelParameters(), CancelParameters(ids: [1], pool: "default"), CancelParameters(ids: [1], all: true),
        CancelParameters(pool: "default", all: true), CancelParameters(all: false),
    ])
    func exactlyOneOfIdsPoolAndAll(parameters: CancelParameters) throws {
        #expect(try Rig().refusal(.cancel(parameters)).kind == .invalidParameter)
    }
}
