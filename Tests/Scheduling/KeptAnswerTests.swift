import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// A request that comes again with its key is answered as before, and changes nothing.
@Suite struct KeptAnswerTests {
    /// Makes what each method that takes a key changes, and asks for the change.
    private static let changes: [@Sendable (Rig) throws -> (Command, by: Requester)] =
        [
            { rig in
                let id = try rig.begun()
                return (Command(Call(.ask, AskParameters(text: "Deploy?"))), by: try rig.door(of: id))
            }
        ] + answered.map { change in { @Sendable rig in (try change(rig), by: Rig.admin) } }

    private static let answered: [@Sendable (Rig) throws -> Command] = [
        { rig in Command(Call(.answer, AnswerParameters(question: try rig.askQuestion(), answer: "yes"))) },
        { rig in
            var change = UpdateParameters(id: try rig.submit(.command { $0.hold = true }))
            change.priority = 3
            return .update(change)
        },
        { rig in .cancel(CancelParameters(ids: [try rig.submit(.command { $0.hold = true })])) },
        { rig in
            try rig.submit(many: [.command { $0.hold = true }, .command { $0.hold = true }])
            return .cancel(CancelParameters(pool: "default"))
        },
        { rig in
            let id = try rig.submit(.command { $0.hold = true })
            try rig.ask(.cancel(CancelParameters(ids: [id])))
            return .retry([id])
        },
        { rig in
            let id = try rig.submit(.command { $0.hold = true })
            try rig.ask(.cancel(CancelParameters(ids: [id])))
            return .remove([id])
        },
        { rig in .hold([try rig.submit(.command { $0.notBefore = Timestamp(milliseconds: 4_000_000_000_000) })]) },
        { rig in .release([try rig.submit(.command { $0.hold = true })]) },
        { rig in
            let id = try rig.submit(.command())
            try rig.start(rig.live(of: id).id)
            return .pause([id])
        },
        { rig in
            let id = try rig.submit(.command())
            try rig.start(rig.live(of: id).id)
            try rig.ask(.pause([id]))
            return .resume([id])
        },
        { rig in
            try rig.closeGate(GateName.agent("a", provider: "p"), until: nil)
            return .resumeAgent("a")
        },
    ]

    @Test func whatTakesAKeyIsAmongThem() throws {
        let rig = try Rig(slots: 8)
        let tried = Set(try Self.changes.map { try $0(rig).0.call.method.name })
        let keyed = Methods.all.filter { $0.repetition == .keyed }
        #expect(tried == Set(keyed.map(\.name)))
        for method in Methods.all {
            let takesKey = method.parameters is any KeyedParameters.Type
            #expect(takesKey == (method.repetition == .keyed), "\(method.name)")
            #expect(method.kind == .change || method.repetition != .keyed, "\(method.name)")
        }
    }

    @Test func aRepeatIsAnsweredAsBefore() throws {
        for (number, change) in Self.changes.enumerated() {
            let rig = try Rig(slots: 8)
            let (change, requester) = try change(rig)
            let command = change.keyed("key \(number)")
            let first = try rig.ask(command, by: requester)
            if case .failed(let error) = first { Issue.record("\(command.call.method.name): \(error.message)") }
            let events = rig.events.count
            #expect(try rig.ask(command, by: requester) == first, "\(command.call.method.name)")
            // An engine that comes after it knows it as well.
            try rig.restart()
            #expect(try rig.ask(command, by: requester) == first, "\(command.call.method.name) after a restart")
            let done = rig.events.dropFirst(events).filter { $0.kind != .taskFinished && $0.kind != .taskRetrying }
            #expect(!done.contains { $0.kind == .taskUpdated || $0.kind == .taskHeld || $0.kind == .taskReleased })
        }
    }

    @Test func aKeyIsOfItsUser() throws {
        let rig = try Rig()
        let ids = try [Rig.alice, Rig.bob].map { try rig.submit(.command { $0.hold = true }, by: $0) }
        let replies = try zip([Rig.alice, Rig.bob], ids).map { try rig.ask(.release([$1]).keyed("k"), by: $0) }
        #expect(replies == ids.map { .changed(TasksChanged(tasks: [.init(id: $0, state: .queued)])) })
    }

    @Test func aKeyIsOfOneRequest() throws {
        let rig = try Rig()
        let ids = try rig.submit(many: [.command { $0.hold = true }, .command { $0.hold = true }])
        try rig.ask(.release([ids[0]]).keyed("k"), by: Rig.alice)
        let events = rig.events.count
        let other = try rig.refusal(.release([ids[1]]).keyed("k"), by: Rig.alice)
        #expect(other.kind == .invalidParameter && other.data?.field == "key")
        #expect(other.message == "the key \"k\" was given to a task.release with another \"ids\"; nothing was done")
        let verb = try rig.refusal(.hold([ids[0]]).keyed("k"), by: Rig.alice)
        #expect(verb.message.contains("was given to a task.release before, and this is a task.hold"))
        #expect(rig.events.count == events)
        let bad = try rig.refusal(.release([ids[1]]).keyed(""), by: Rig.alice)
        #expect(bad.kind == .invalidParameter && bad.data?.field == "key")
    }

    @Test func whatWasRefusedIsNotKept() throws {
        let rig = try Rig()
        let id = try rig.submit(.command { $0.hold = true })
        _ = try rig.refusal(.retry([id]).keyed("k"))
        try rig.ask(.cancel(CancelParameters(ids: [id])))
        #expect(try rig.ask(.retry([id]).keyed("k")) == .changed(TasksChanged(tasks: [.init(id: id, state: .queued)])))
    }

    @Test func aDayLaterItIsAnotherRequest() throws {
        let rig = try Rig(slots: 0)
        let id = try rig.submit(.command { $0.hold = true })
        let unchanged = Reply.changed(TasksChanged(tasks: [.init(id: id, state: .queued, unchanged: true)]))
        let first = try rig.ask(.hold([id]).keyed("k"))
        #expect(first == unchanged)
        try rig.ask(.release([id]))
        rig.advance(KeptAnswer.lifetime - 1)
        #expect(try rig.ask(.hold([id]).keyed("k")) == unchanged)
        rig.advance(2)
        let ended = try rig.ask(.hold([id]).keyed("k"))
        #expect(ended != unchanged)
        rig.advance(KeptAnswer.lifetime + 1)
        try rig.turn(.retire(before: 0, keep: 1000))
        #expect(try rig.keptAnswer("k") == nil)
    }

    @Test func oneWhoAsksOftenForgetsTheOwnOldestOnes() throws {
        let rig = try Rig(slots: 0)
        let (mine, other) = (try rig.submit(.command()), try rig.submit(.command(), by: Rig.bob))
        try rig.ask(.hold([other]).keyed("k"), by: Rig.bob)
        let count = KeptAnswer.most + 64
        try rig.turn((0...count).map { rig.request(.hold([mine]).keyed("k\($0)"), by: Rig.alice) })
        #expect(try rig.keptAnswer("k0", of: Rig.alice) == nil)
        #expect(try rig.keptAnswer("k\(count)", of: Rig.alice) != nil)
        #expect(try rig.keptAnswer("k", of: Rig.bob) != nil)
    }

    /// Both wait for the supervisor, and only one of them finds something to do.
    @Test func twoThatWaitForTheSameTasksAreAnsweredAlike() throws {
        let rig = try Rig(slots: 1)
        let ids = try rig.submit(many: [.command(), .command()])
        let waiting = try rig.live(of: ids[0])
        let requests = (0..<2).map { _ in rig.request(.hold([ids[0]]).keyed("k"), by: Rig.alice) }
        let asked = try rig.turn(requests)
        #expect(asked.reply(to: requests[0]) == nil && asked.reply(to: requests[1]) == nil)
        let turn = try rig.turn(.revoked(attempt: waiting.id, accepted: true))
        let held = Reply.changed(TasksChanged(tasks: [.init(id: ids[0], state: .queued)]))
        #expect(turn.reply(to: requests[0]) == held && turn.reply(to: requests[1]) == held)
    }
}

/// Who may call what, by what each method says of itself.
@Suite struct MethodAccessTests {
    @Test func onlyAdministratorsAdminister() {
        let administration: Set = [
            "pool.pause", "pool.resume", "pool.resize", "pool.drain", "agent.resume", "daemon.reload", "daemon.drain",
            "daemon.stop", "daemon.backup",
        ]
        for method in Methods.all where method.door != .itself {
            #expect((try? Rig.admin.check(method)) != nil, "\(method.name)")
            #expect(((try? Rig.alice.check(method)) == nil) == administration.contains(method.name), "\(method.name)")
        }
    }

    @Test func aTaskMayDoLittleThroughItsDoor() {
        let open: Set = [
            "task.submit", "task.get", "task.list", "task.cancel", "task.wait", "task.logs", "task.file", "route.explain",
            "pool.list", "agent.list", "daemon.version", "events.subscribe", "request.cancel", "task.progress", "question.ask",
            "question.wait",
        ]
        // Not even one of an administrator, or of one.
        let tasks = [true, false].map { Requester(uid: 0, isAdministrator: $0, principal: .task(7)) }
        for method in Methods.all {
            for task in tasks { #expect(((try? task.check(method)) != nil) == open.contains(method.name), "\(method.name)") }
        }
    }

    @Test func whatATaskSaysOfItselfNobodyElseMaySay() {
        let own = Methods.all.filter { $0.door == .itself }
        #expect(Set(own.map(\.name)) == ["task.progress", "question.ask", "question.wait"])
        for method in own {
            for requester in [Rig.admin, Rig.alice] { #expect((try? requester.check(method)) == nil, "\(method.name)") }
        }
    }

    @Test func aNameThatABridgeSaysIsNoAdministrator() {
        let subject = Requester(uid: 0, isAdministrator: true, principal: .subject(bridge: 0, name: "alice"))
        for method in Methods.all where method.door != .itself {
            #expect(((try? subject.check(method)) == nil) == (method.administration != nil), "\(method.name)")
        }
    }
}
