import OrchProtocol
import TestSupport
import Testing

@testable import Scheduling

/// Bridges, the people for whom they ask, and what is granted to users who are not administrators.
@Suite struct SubjectTests {
    private static let actions = Methods.all.filter(\.isGrantable).map(\.name)

    /// Somebody who asks about a task that the bridge has submitted for `ann`, a pool, or an agent.
    private enum Who: CaseIterable {
        case ann, ben, bridge, stranger, granted, grantedBridgeForBen, grantedOtherwise, administrator, administratorForAnn,
            root

        var requester: Requester {
            switch self {
            case .ann, .ben, .bridge: Requester(uid: 995, isAdministrator: false, isBridge: true)
            case .stranger: Requester(uid: 1000, isAdministrator: false)
            case .granted: Requester(uid: 1001, isAdministrator: false, grants: Set(actions))
            case .grantedBridgeForBen: Requester(uid: 995, isAdministrator: false, isBridge: true, grants: Set(actions))
            case .grantedOtherwise: Requester(uid: 1001, isAdministrator: false, grants: ["task.submit", "daemon.stop"])
            case .administrator: Requester(uid: 1002, isAdministrator: true)
            case .administratorForAnn: Requester(uid: 995, isAdministrator: true, isBridge: true)
            case .root: Requester(uid: 0, isAdministrator: true)
            }
        }

        var subject: String? {
            switch self {
            case .ann, .administratorForAnn: "ann"
            case .ben, .grantedBridgeForBen: "ben"
            default: nil
            }
        }

        /// What follows from what a method says of itself.
        func may(_ method: any MethodDescriptor) -> Bool {
            let isAdministrator = [.administrator, .root].contains(self)
            let isGranted = [.granted, .grantedBridgeForBen].contains(self) && method.isGrantable
            let owns = [.ann, .bridge, .administratorForAnn].contains(self)
            return isAdministrator || isGranted || (owns && method.administration == nil)
        }
    }

    /// What each action is about, and the request for it.
    private static let requests: [@Sendable (Rig) throws -> any ActionRequest] = [
        { rig in
            var change = UpdateParameters(id: try held(rig))
            change.priority = 3
            return Action(.update, change)
        },
        { rig in Action(.cancel, CancelParameters(ids: [try held(rig)])) },
        { rig in
            let id = try held(rig)
            try rig.ask(.cancel(CancelParameters(ids: [id])))
            return Action(.retry, RetryParameters(ids: [id]))
        },
        { rig in
            let id = try held(rig)
            try rig.ask(.cancel(CancelParameters(ids: [id])))
            return Action(.remove, TaskSelection(ids: [id]))
        },
        { rig in Action(.hold, TaskSelection(ids: [try held(rig)])) },
        { rig in Action(.release, TaskSelection(ids: [try held(rig)])) },
        { rig in Action(.pause, TaskSelection(ids: [try running(rig)])) },
        { rig in Action(.resume, TaskSelection(ids: [try running(rig)])) },
        { rig in
            let id = try running(rig)
            try rig.ask(Command(Call(.ask, AskParameters(text: "Deploy?"))), by: rig.door(of: id))
            return Action(.answer, AnswerParameters(question: "\(id)", answer: "yes"))
        },
        { _ in Action(.poolPause, PoolSelection(pool: "default")) },
        { _ in Action(.poolResume, PoolSelection(pool: "default")) },
        { _ in Action(.poolDrain, PoolSelection(pool: "default")) },
        { _ in Action(.poolResize, ResizeParameters(pool: "default", slots: 3)) },
        { rig in
            try rig.closeGate(GateName.agent("a", provider: "p"), until: nil)
            return Action(.agentResume, AgentSelection(agent: "a"))
        },
    ]

    private static func held(_ rig: Rig) throws -> Int64 {
        try rig.submit(.command { ($0.hold, $0.subject) = (true, "ann") }, by: Who.bridge.requester)
    }

    private static func running(_ rig: Rig) throws -> Int64 {
        let id = try rig.submit(.command { $0.subject = "ann" }, by: Who.bridge.requester)
        try rig.start(rig.live(of: id).id)
        return id
    }

    private static func error(_ reply: Reply) -> WireError? { if case .failed(let error) = reply { error } else { nil } }

    @Test func everyActionIsForThoseWhomItsTraitsName() throws {
        #expect(
            Set(try Self.requests.map { try $0(Rig()).call(for: nil).method.name }) == Set(Self.actions),
            "an action is not among them")
        for request in Self.requests {
            for who in Who.allCases {
                let rig = try Rig(slots: 4)
                let call = try request(rig).call(for: who.subject)
                let error = Self.error(try rig.ask(Command(call), by: who.requester))
                #expect(
                    (error?.kind == .forbidden) != who.may(call.method),
                    "\(call.method.name) by \(who): \(error?.message ?? "done")")
                #expect(error == nil || error?.kind == .forbidden, "\(call.method.name) by \(who): \(error?.message ?? "")")
            }
        }
    }

    /// Whatever somebody was given: what is about the daemon is for administrators, and never for the person at a bridge.
    @Test func nobodyIsMadeAnAdministrator() {
        let all = Set(Methods.all.map(\.name))
        for method in Methods.all where method.administration != nil && !method.isGrantable {
            for isAdministrator in [true, false] {
                let bridge = Requester(uid: 995, isAdministrator: isAdministrator, isBridge: true, grants: all)
                #expect(((try? bridge.check(method)) != nil) == isAdministrator, "\(method.name)")
                #expect((try? bridge.speaking(for: "ann").check(method)) == nil, "\(method.name)")
            }
        }
        #expect(
            !Method.submit.isGrantable && !Method.stop.isGrantable && !Method.backup.isGrantable && !Method.reload.isGrantable)
    }

    @Test(arguments: ["", "a\nb", "a\u{0}b", "\u{202E}toor", "a\u{2066}b", "a\u{85}b", String(repeating: "x", count: 101)])
    func whatIsNoNameIsRefused(_ subject: String) throws {
        let rig = try Rig()
        let id = try Self.held(rig)
        var spec = TaskSpec.command("true")
        spec.subject = subject
        var selection = TaskSelection(ids: [id])
        selection.subject = subject
        for call in [Call(.submit, .many([.command("true"), spec])), Call(.release, selection)] {
            let error = try rig.refusal(Command(call), by: Who.bridge.requester)
            #expect(error.kind == .invalidParameter && error.data?.field?.hasSuffix("subject") == true, "\(error)")
        }
        #expect(try rig.counts("default").held == 1 && !rig.exists(id + 1))
    }

    @Test(arguments: ["0", "1000", "995", "root", "alice", "uid 1000", String(repeating: "é", count: 50)])
    func aNameIsNoUser(_ subject: String) throws {
        let rig = try Rig()
        let alices = try rig.submit(.command { $0.hold = true }, by: Rig.alice)
        let theirs = try rig.submit(.command { ($0.hold, $0.subject) = (true, subject) }, by: Who.bridge.requester)
        #expect(try rig.record(theirs).submitter == 995 && rig.record(theirs).subject == subject)
        var selection = TaskSelection(ids: [alices])
        selection.subject = subject
        #expect(try rig.refusal(Command(Call(.release, selection)), by: Who.bridge.requester).kind == .forbidden)
        for user in [Rig.alice, Rig.bob] { #expect(try rig.refusal(.release([theirs]), by: user).kind == .forbidden) }
        // Nor may anybody who is no bridge say one, not even its own.
        for user in [Rig.alice, Rig.admin] {
            let error = try rig.refusal(.submit(.one(.command { $0.subject = subject })), by: user)
            #expect(error.kind == .forbidden && error.data?.field == "subject" && error.message.contains("[access] bridges"))
        }
    }

    @Test func aKeyIsOfThePersonAtTheBridge() throws {
        let rig = try Rig(slots: 0)
        func submit(_ subject: String?) throws -> Int64 {
            try rig.submit(.command { ($0.key, $0.subject) = ("k", subject) }, by: Who.bridge.requester)
        }
        #expect(
            try [submit("ann"), submit("ben"), submit(nil), submit("ann"), submit("ben"), submit(nil)] == [1, 2, 3, 1, 2, 3])
        try rig.restart()
        #expect(try submit("ben") == 2)
        // A key of a request, too: what one was answered is not told to the other.
        for (id, subject) in zip([Int64(1), 2], ["ann", "ben"]) {
            var cancel = CancelParameters(ids: [id])
            (cancel.key, cancel.subject) = ("r", subject)
            #expect(
                try rig.ask(.cancel(cancel), by: Who.bridge.requester)
                    == .changed(.init(tasks: [.init(id: id, state: .cancelled)])))
        }
    }

    @Test func theQueueAndTheJournalSayWhoDidWhat() throws {
        let rig = try Rig(slots: 1)
        let id = try Self.running(rig)
        let cancel = Action(.cancel, CancelParameters(ids: [id])).call(for: "ben")
        try rig.ask(Command(cancel), by: Who.grantedBridgeForBen.requester)
        try rig.end(rig.live(of: id).id, .signalled(15), stopped: true)
        #expect(try rig.record(id).reason == "cancelled by \"ben\" of uid 995")
        let hold = Action(
            .hold,
            TaskSelection(ids: [
                try rig.submit(
                    .command { ($0.subject, $0.notBefore) = ("ann", .init(milliseconds: .max / 2)) }, by: Who.bridge.requester)
            ]))
        try rig.ask(Command(hold.call(for: "ann")), by: Who.bridge.requester)
        let held = try #require(rig.events.last { $0.kind == .taskHeld })
        #expect((held.submitter, held.subject, held.by) == (995, "ann", "\"ann\" of uid 995"))
        #expect(rig.events.filter { $0.kind == .taskQueued }.allSatisfy { $0.by == nil && $0.subject == "ann" })
        try rig.ask(Command(Call(.poolPause, PoolSelection(pool: "default"))), by: Rig.admin)
        #expect(rig.events.last?.by == "uid 0")
    }

    /// It may run as the user who has submitted it.
    @Test func aGrantDoesNotMakeOtherWorkOfATask() throws {
        let rig = try Rig(slots: 0)
        let id = try rig.submit(.command { $0.hold = true }, by: Rig.alice)
        var change = UpdateParameters(id: id)
        change.command = ["false"]
        #expect(try rig.refusal(.update(change), by: Who.granted.requester).kind == .forbidden)
        for requester in [Rig.alice, Rig.admin] { #expect(Self.error(try rig.ask(.update(change), by: requester)) == nil) }
        change.command = nil
        change.priority = 1
        #expect(Self.error(try rig.ask(.update(change), by: Who.granted.requester)) == nil)
    }

    @Test func oneSubmissionMayBeForSeveral() throws {
        let rig = try Rig(slots: 0)
        let specs = ["ann", nil, "ben"].map { subject in TaskSpec.command { $0.subject = subject } }
        #expect(
            try rig.submit(many: specs, by: Who.bridge.requester).map { try rig.record($0).subject } == ["ann", nil, "ben"])
        #expect(try rig.refusal(.submit(.many(specs)), by: Rig.alice).data?.field == "[0].subject")
    }

    /// The whole of a flood waits, and takes nothing from anybody else.
    @Test func eachSubmitterHasAShareOfALimit() throws {
        let each = ConcurrencyLimit(name: "each", maximum: 1, matcher: TaskMatcher(), share: .submitter)
        let rig = try Rig(slots: 4, rules: Rules(limits: [each]))
        let flood = TaskSpec.command { $0.subject = "ann" }
        try rig.submit(many: Array(repeating: flood, count: 50), by: Who.bridge.requester)
        let others = try [
            rig.submit(.command { $0.subject = "ben" }, by: Who.bridge.requester),
            rig.submit(.command(), by: Who.bridge.requester), rig.submit(.command(), by: Rig.alice),
        ]
        #expect(try rig.liveAttempts().map(\.task) == [1] + others)
        try rig.start(rig.live(of: 1).id)
        try rig.end(rig.live(of: 1).id)
        #expect(try rig.live(of: 2).task == 2)
        // There are not as many lanes as somebody can think of names.
        for number in 0..<200 { try rig.submit(.command { $0.subject = "p\(number)" }, by: Who.bridge.requester) }
        #expect(rig.lanes("default").count <= 66)
    }

    @Test func rulesAskForThePerson() throws {
        var rule = RouteRule(name: "ann's", choice: .init())
        rule.match.subject = "a*"
        rule.choice.priority = 7
        let pool = PoolSettings(name: "default", slots: 0, agent: "a")
        let rig = try Rig(pools: [pool], rules: Rules(agents: ["a": AgentSettings()], routes: [rule]))
        let ids = try ["ann", "ben", nil].map { subject in
            try rig.submit(.prompt("x") { $0.subject = subject }, by: Who.bridge.requester)
        }
        #expect(try ids.map { try rig.task($0).priority } == [7, 0, 0])
    }
}

/// A request for something that is there, by anybody.
private protocol ActionRequest {
    func call(for subject: String?) -> Call
}

private struct Action<Parameters: ActionParameters, Answer: Codable & Sendable>: ActionRequest {
    let method: OrchProtocol.Method<Parameters, Answer>
    let parameters: Parameters

    init(_ method: OrchProtocol.Method<Parameters, Answer>, _ parameters: Parameters) {
        self.method = method
        self.parameters = parameters
    }

    func call(for subject: String?) -> Call {
        var parameters = parameters
        parameters.subject = subject
        return Call(method, parameters)
    }
}
