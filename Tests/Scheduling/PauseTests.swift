import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// `task.pause`: running tasks that stand still, and their timeouts with them.
@Suite struct PauseTests {
    private func running(_ rig: Rig, _ spec: TaskSpec) throws -> (task: Int64, attempt: Int64) {
        let task = try rig.submit(spec)
        let attempt = try rig.live(of: task).id
        try rig.start(attempt)
        return (task, attempt)
    }

    private func freezes(_ turn: TurnResult) -> [Effect] {
        turn.effects.filter { if case .freeze = $0 { true } else { false } }
    }

    private func pause(_ rig: Rig, _ task: Int64) throws -> [Effect] {
        freezes(try rig.turn(.command(.pause([task]), by: Rig.alice, reply: ReplyToken(70))))
    }

    private func resume(_ rig: Rig, _ task: Int64) throws -> [Effect] {
        freezes(try rig.turn(.command(.resume([task]), by: Rig.alice, reply: ReplyToken(71))))
    }

    @Test func theProcessesAreFrozenOnceAndThawedOnce() throws {
        let rig = try Rig()
        let (task, attempt) = try running(rig, .command())
        #expect(try pause(rig, task) == [.freeze(attempt: attempt, true)])
        #expect(try pause(rig, task) == [] && rig.task(task).phase == .active)
        #expect(try resume(rig, task) == [.freeze(attempt: attempt, false)])
        #expect(try resume(rig, task) == [])
        #expect(rig.events.map(\.kind).suffix(2) == [.taskPaused, .taskResumed])
    }

    @Test func theRunTimeoutStandsStill() throws {
        let rig = try Rig()
        let (task, _) = try running(rig, .command { $0.timeout = 10 })
        rig.advance(9_000)
        _ = try pause(rig, task)
        rig.advance(1_000_000)
        try rig.turn()
        #expect(try rig.live(of: task).stopping == nil)
        _ = try resume(rig, task)
        rig.advance(999)
        try rig.turn()
        #expect(try rig.live(of: task).stopping == nil)
        rig.advance(1)
        try rig.turn()
        #expect(try rig.live(of: task).stopping == .runTimeout)
    }

    /// Of both timeouts in one task, neither forgets the pause when the other is looked at.
    @Test func theRunTimeoutStandsStillBesideAnIdleTimeout() throws {
        let rig = try Rig()
        let (task, attempt) = try running(
            rig,
            .command {
                $0.timeout = 30
                $0.idleTimeout = 10
            })
        _ = try pause(rig, task)
        rig.advance(1_000_000)
        _ = try resume(rig, task)
        for _ in 0..<5 {
            rig.advance(5_900)
            try rig.turn(rig.outputSeen(attempt, last: rig.now.monotonic))
            #expect(try rig.live(of: task).stopping == nil)
        }
        rig.advance(600)
        try rig.turn()
        #expect(try rig.live(of: task).stopping == .runTimeout)
    }

    @Test func theIdleTimeoutBeginsAnew() throws {
        let rig = try Rig()
        let (task, attempt) = try running(rig, .command { $0.idleTimeout = 10 })
        let lastWrite = rig.now.monotonic
        rig.advance(5_000)
        _ = try pause(rig, task)
        rig.advance(60_000)
        try rig.turn(rig.outputSeen(attempt, last: lastWrite))
        #expect(try rig.live(of: task).stopping == nil)
        _ = try resume(rig, task)
        rig.advance(9_999)
        try rig.turn(rig.outputSeen(attempt, last: lastWrite))
        #expect(try rig.live(of: task).stopping == nil)
        rig.advance(1)
        try rig.turn(rig.outputSeen(attempt, last: lastWrite))
        #expect(try rig.live(of: task).stopping == .idleTimeout)
    }

    @Test func anotherEngineSaysItAgain() throws {
        let rig = try Rig()
        let (task, attempt) = try running(rig, .command { $0.timeout = 10 })
        let start = rig.starting(attempt)
        _ = try pause(rig, task)
        func meet() throws -> [Effect] {
            try rig.restart()
            return freezes(
                try rig.connect(Inventory(store: Rig.supervisorStore, heardUpTo: attempt, started: [start])))
        }
        rig.advance(100_000)
        #expect(try meet() == [.freeze(attempt: attempt, true)])
        #expect(try rig.live(of: task).stopping == nil)
        _ = try resume(rig, task)
        #expect(try meet() == [.freeze(attempt: attempt, false)])
        #expect(try rig.live(of: task).wakeAt == rig.now.monotonic + 10_000)
    }

    @Test func onlyWhatHasNotEndedCanBePaused() throws {
        let rig = try Rig(slots: 1)
        let (task, _) = try running(rig, .command())
        let over = try rig.submit(.command { $0.hold = true })
        try rig.ask(.cancel(CancelParameters(ids: [over])))
        #expect(
            try rig.refusal(.pause([task, over]), by: Rig.alice).message
                == "task 2 was cancelled; only a queued or running task can be paused")
        // All or none.
        #expect(try rig.live(of: task).pauses == nil)
        #expect(try rig.refusal(.pause([task]), by: Rig.bob).kind == .forbidden)
        try rig.ask(.cancel(CancelParameters(ids: [task])), by: Rig.alice)
        #expect(
            try rig.refusal(.pause([task]), by: Rig.alice).message == "task 1 is starting or ending, and cannot be paused")
    }

    @Test func whatEndsWhileItIsPausedWasPausedUntilThen() throws {
        let rig = try Rig()
        let (task, attempt) = try running(rig, .command())
        _ = try pause(rig, task)
        rig.advance(3_000)
        try rig.end(attempt, .signalled(9))
        let pauses = try #require(try rig.attempt(attempt).pauses)
        #expect(!pauses.isPaused && pauses.total == 3_000)
    }
}
