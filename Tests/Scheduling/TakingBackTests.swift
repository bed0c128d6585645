import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// What is shown as queued can be changed, also where it has been ordered ahead of a free slot.
@Suite struct TakingBackTests {
    /// A task that the supervisor has, and has not started; with the request that wants to change it.
    private func ordered(_ change: (Int64) -> Command) throws -> (rig: Rig, task: Int64, input: Input, turn: TurnResult) {
        let rig = try Rig(slots: 1)
        let task = try rig.submit(.command())
        #expect(try rig.record(task).state == .queued)
        let input = rig.request(change(task), by: Rig.alice)
        let turn = try rig.turn(input)
        #expect((turn.reply(to: input), turn.revoked) == (nil, [1]))
        return (rig, task, input, turn)
    }

    @Test func aHeldTaskComesBackAndStays() throws {
        let (rig, task, input, _) = try ordered { .hold([$0]) }
        let turn = try rig.turn(.revoked(attempt: 1, accepted: true))
        #expect(turn.reply(to: input) == .changed(TasksChanged(tasks: [.init(id: task, state: .queued)])))
        #expect(turn.launches.isEmpty && turn.events.map(\.kind) == [.taskHeld])
        let record = try rig.record(task)
        #expect(record.waiting == .held && record.attemptCount == 0 && record.attempts.isEmpty)
    }

    @Test func aChangedTaskComesBackAndGoesAgain() throws {
        var change = UpdateParameters(id: 1)
        change.priority = 7
        let (rig, task, input, _) = try ordered { _ in .update(change) }
        let turn = try rig.turn(.revoked(attempt: 1, accepted: true))
        #expect(turn.reply(to: input) == .changed(TasksChanged(tasks: [.init(id: task, state: .queued)])))
        #expect(turn.launchedAttempts == [2])
        #expect(try rig.task(task).priority == 7 && rig.task(task).attempts == 1)
    }

    @Test func whatHasStartedMeanwhileIsNotChanged() throws {
        let (rig, task, input, _) = try ordered { .hold([$0]) }
        // The answer to the revoke alone decides nothing.
        #expect(try rig.turn(.revoked(attempt: 1, accepted: false)).reply(to: input) == nil)
        let reply = try rig.start(1).reply(to: input)
        #expect(
            reply
                == .failed(WireError(.invalidState, "task 1 has just started; only a queued task can be held")))
        #expect(try rig.record(task).state == .running)
    }

    @Test func whatHasEndedMeanwhileSaysHow() throws {
        let (rig, _, input, _) = try ordered { .hold([$0]) }
        #expect(
            try rig.end(1).reply(to: input)
                == .failed(
                    WireError(.invalidState, "task 1 has just started, and has succeeded; only a queued task can be held")))
    }

    /// It has failed and waits for another try: it is queued again, and so can be held.
    @Test func whatWaitsForAnotherTryIsChanged() throws {
        let rig = try Rig(slots: 1)
        let task = try rig.submit(.command { $0.retries = 1 })
        let input = rig.request(.hold([task]))
        try rig.turn(input)
        let turn = try rig.end(1, .exited(1))
        #expect(turn.reply(to: input) == .changed(TasksChanged(tasks: [.init(id: task, state: .queued)])))
        #expect(try rig.record(task).waiting == .held && rig.record(task).attemptCount == 1)
    }

    @Test func aPausedTaskIsHeldOrStopsWhereItIs() throws {
        let (rig, task, input, _) = try ordered { .pause([$0]) }
        let turn = try rig.start(1)
        #expect(turn.reply(to: input) == .changed(TasksChanged(tasks: [.init(id: task, state: .running)])))
        #expect(turn.effects.contains(.freeze(attempt: 1, true)))
        let (other, held, request, _) = try ordered { .pause([$0]) }
        _ = try other.turn(.revoked(attempt: 1, accepted: true))
        #expect(try other.record(held).waiting == .held && request.reply != nil)
        #expect(try other.ask(.resume([held])) == .changed(TasksChanged(tasks: [.init(id: held, state: .queued)])))
        #expect(try other.record(held).waiting == .ready)
    }

    /// All or none; and nothing of it is dispatched before all have come back.
    @Test func ofManyNoneGoesBeforeAllAreBack() throws {
        let rig = try Rig(slots: 2)
        let ids = try rig.submit(many: Array(repeating: .command(), count: 4))
        let input = rig.request(.hold(ids))
        #expect(try rig.turn(input).revoked == [1, 2])
        let first = try rig.turn(.revoked(attempt: 1, accepted: true))
        #expect(first.reply(to: input) == nil && first.launches.isEmpty)
        #expect(try rig.phases(ids) == [.ready, .active, .ready, .ready])
        let second = try rig.turn(.revoked(attempt: 2, accepted: true))
        #expect(second.reply(to: input) == .changed(TasksChanged(tasks: ids.map { .init(id: $0, state: .queued) })))
        #expect(try rig.phases(ids) == Array(repeating: .held, count: 4))
        // One that has started keeps the others from being held.
        try rig.ask(.release(ids))
        let again = rig.request(.hold(ids))
        #expect(try rig.turn(again).revoked == [3, 4])
        try rig.turn(.revoked(attempt: 4, accepted: true))
        let turn = try rig.start(3)
        guard case .failed(let error) = turn.reply(to: again) else {
            Issue.record("\(turn)")
            return
        }
        #expect(error.message.hasPrefix("task 1 has just started"))
        #expect(try rig.phases(ids) == [.active, .active, .ready, .ready] && turn.launchedTasks == [2])
    }

    @Test func whatIsRefusedTakesNothingBack() throws {
        let rig = try Rig(slots: 2)
        let task = try rig.submit(.command())
        var change = UpdateParameters(id: task)
        change.pool = "nosuch"
        let foreign = try rig.submit(.command(), by: Rig.bob)
        for command in [.update(change), .hold([task, foreign]), .hold([task, 99])] as [Command] {
            let input = rig.request(command, by: Rig.alice)
            let turn = try rig.turn(input)
            guard case .failed = turn.reply(to: input) else {
                Issue.record("\(turn)")
                return
            }
            #expect(turn.revoked.isEmpty && rig.scheduler.waitingChanges.isEmpty)
        }
    }

    /// Two want the same task: each gets an answer of its own, in the order in which they came.
    @Test func twoCanWaitForTheSameTask() throws {
        let (rig, task, input, _) = try ordered { .hold([$0]) }
        let second = rig.request(.hold([task]))
        let third = rig.request(.cancel(CancelParameters(ids: [task])))
        try rig.turn(second)
        let stop = try rig.turn(third)
        #expect(stop.reply(to: third) == .changed(TasksChanged(tasks: [.init(id: task, state: .queued)])))
        #expect(try rig.record(task).standing == .stopping)
        #expect(
            try rig.refusal(.hold([task])).message == "task 1 is being stopped; only a queued task can be held")
        let turn = try rig.turn(.revoked(attempt: 1, accepted: true))
        for each in [input, second] {
            guard case .failed(let error) = turn.reply(to: each) else {
                Issue.record("\(turn)")
                return
            }
            #expect(error.message == "task 1 was cancelled; only a queued task can be held")
        }
        #expect(try rig.record(task).reason == "cancelled before it started")
    }

    // MARK: Without a supervisor

    private func disconnected() throws -> (rig: Rig, task: Int64, input: Input) {
        let rig = try Rig(slots: 1)
        let task = try rig.submit(.command())
        try rig.turn(.disconnected)
        let input = rig.request(.hold([task]))
        let turn = try rig.turn(input)
        #expect(turn.reply(to: input) == nil && turn.revoked.isEmpty)
        return (rig, task, input)
    }

    @Test func itWaitsForTheSupervisor() throws {
        let held = { (id: Int64) in Reply.changed(TasksChanged(tasks: [.init(id: id, state: .queued)])) }
        // The order waits there, and is taken back.
        var (rig, task, input) = try disconnected()
        let turn = try rig.connect(Inventory(store: Rig.supervisorStore, heardUpTo: 1, waiting: [1]))
        #expect(turn.revoked == [1] && turn.reply(to: input) == nil)
        #expect(try rig.turn(.revoked(attempt: 1, accepted: true)).reply(to: input) == held(task))
        // It has never arrived: it is not handed over only to be taken back.
        (rig, task, input) = try disconnected()
        let met = try rig.connect(Inventory(store: Rig.supervisorStore, heardUpTo: 0))
        #expect(met.launches.isEmpty && met.reply(to: input) == held(task))
        // It has started.
        (rig, task, input) = try disconnected()
        let start = rig.starting(1)
        guard
            case .failed(let error) = try rig.connect(
                Inventory(store: Rig.supervisorStore, heardUpTo: 1, started: [start])
            ).reply(to: input)
        else {
            Issue.record("not refused")
            return
        }
        #expect(error.message.hasPrefix("task 1 has just started"))
    }

    @Test func itDoesNotWaitForEver() throws {
        let (rig, task, input) = try disconnected()
        rig.advance(SchedulerState.takingBackTime - 1)
        let early = try rig.turn()
        #expect(early.reply(to: input) == nil && early.nextMonotonic == rig.now.monotonic + 1)
        rig.advance(1)
        guard case .failed(let error) = try rig.turn().reply(to: input) else {
            Issue.record("not answered")
            return
        }
        #expect(error.kind == .tooBusy && rig.scheduler.waitingChanges.isEmpty)
        #expect(try rig.record(task).waiting == .ready)
    }

    /// Whoever asked has lost the connection, and nothing has been changed.
    @Test func withTheEngineTheRequestIsGone() throws {
        let (rig, task, _, _) = try ordered { .hold([$0]) }
        try rig.restart(connecting: Inventory(store: Rig.supervisorStore, heardUpTo: 1))
        #expect(try rig.record(task).waiting == .ready && rig.live(of: task).id == 2)
    }

    // MARK: The whole kind

    /// Each verb and each place where a task can be: what is called queued can be changed, and nothing else can.
    @Test func whatIsCalledQueuedCanBeChanged() throws {
        let due = Timestamp(milliseconds: 1_800_000_000_000 + 60_000)
        let places: [(name: String, standing: StateFilter, make: (Rig) throws -> Int64)] = [
            (
                "ready", .queued,
                { rig in
                    try rig.submit(many: [.command(), .command()])[1]
                }
            ),
            ("delayed", .delayed, { try $0.submit(.command { $0.notBefore = due }) }),
            ("held", .held, { try $0.submit(.command { $0.hold = true }) }),
            ("ordered", .queued, { try $0.submit(.command()) }),
            (
                "ordered for another try", .queued,
                { rig in
                    let task = try rig.submit(.command { ($0.retries, $0.retryDelay) = (1, 0) })
                    try rig.end(1, .exited(1))
                    try rig.turn()
                    #expect(try rig.record(task).attemptCount == 1)
                    return task
                }
            ),
            (
                "running", .running,
                { rig in
                    let task = try rig.submit(.command())
                    try rig.start(1)
                    return task
                }
            ),
            (
                "paused", .paused,
                { rig in
                    let task = try rig.submit(.command())
                    try rig.start(1)
                    try rig.ask(.pause([task]))
                    return task
                }
            ),
            (
                "stopping", .stopping,
                { rig in
                    let task = try rig.submit(.command())
                    try rig.start(1)
                    try rig.ask(.cancel(CancelParameters(ids: [task])))
                    return task
                }
            ),
            (
                "ended", .succeeded,
                { rig in
                    let task = try rig.submit(.command())
                    try rig.end(1)
                    return task
                }
            ),
        ]
        for place in places {
            for verb in ["hold", "update", "pause", "cancel"] {
                let rig = try Rig(slots: 1)
                let id = try place.make(rig)
                let record = try rig.record(id)
                #expect(record.standing == place.standing, "\(place.name)")
                var change = UpdateParameters(id: id)
                change.name = "other"
                let command: Command =
                    switch verb {
                    case "hold": .hold([id])
                    case "update": .update(change)
                    case "pause": .pause([id])
                    default: .cancel(CancelParameters(ids: [id]))
                    }
                let input = rig.request(command)
                var turn = try rig.turn(input)
                var reply = turn.reply(to: input)
                if let revoked = turn.revoked.first {
                    #expect(reply == nil, "\(verb) \(place.name)")
                    turn = try rig.turn(.revoked(attempt: revoked, accepted: true))
                    reply = turn.reply(to: input)
                }
                var isRefused = false
                if case .failed = reply { isRefused = true }
                let reply2 = try #require(reply, "\(verb) \(place.name)")
                let isChangeable =
                    record.state == .queued || verb == "cancel"
                    || (verb == "pause" && record.standing != .stopping && !record.state.isFinal)
                #expect(isRefused != isChangeable, "\(verb) \(place.name): \(reply2)")
            }
        }
    }
}
