import DiscordAPI
import OrchClient
import OrchProtocol
import Testing

@testable import DiscordBridge

@Suite struct AuthorizerTests {
    private static let role = Snowflake(7)
    private static let alice = Person(id: Snowflake(1), name: "alice", roles: [role])
    private static let bob = Person(id: Snowflake(2), name: "bob")
    private static let bot = Person(id: Snowflake(3), kind: .bot, name: "helper", roles: [role])

    private static func rule(_ fill: (inout Authorizer.Rule) -> Void) -> Authorizer.Rule {
        var rule = Authorizer.Rule()
        rule.roles = [role]
        rule.verbs = [.submit, .stop]
        rule.pools = ["default"]
        fill(&rule)
        return rule
    }

    private static func verdict(
        _ rules: [Authorizer.Rule], _ request: Authorizer.Request, _ person: Person = alice
    ) -> Authorizer.Verdict { Authorizer(rules: rules).judge(request, by: person) }

    @Test(arguments: Verb.allCases) func nothingIsAllowedByNothing(_ verb: Verb) {
        #expect(Self.verdict([], .init(verb, pool: "default")) != .allowed)
        #expect(Self.verdict([Authorizer.Rule()], .init(verb, pool: "default")) != .allowed)
        let noPools = Self.rule {
            $0.verbs = Set(Verb.allCases)
            $0.pools = []
        }
        #expect(Self.verdict([noPools], .init(verb, pool: "default")) != .allowed)
    }

    @Test func aRuleIsForItsRolesAndUsers() {
        let rule = Self.rule { _ in }
        #expect(Self.verdict([rule], .init(.submit, pool: "default")) == .allowed)
        #expect(Self.verdict([rule], .init(.submit, pool: "default"), Self.bob) == .denied("you may not make tasks here"))
        let forBob = Self.rule { $0.users = [Self.bob.id] }
        #expect(Self.verdict([forBob], .init(.submit, pool: "default"), Self.bob) == .allowed)
    }

    @Test func oneRuleMustAllowTheWhole() {
        let rules = [
            Self.rule { $0.verbs = [.submit] },
            Self.rule {
                $0.verbs = [.stop]
                $0.pools = ["gpu"]
            },
        ]
        #expect(
            Self.verdict(rules, .init(.submit, pool: "gpu"))
                == .denied("you may not make tasks in the pool gpu, but in default"))
        #expect(Self.verdict(rules, .init(.stop, pool: "gpu")) == .allowed)
    }

    @Test func whatIsOthersIsOthers() {
        let request = Authorizer.Request(.stop, pool: "default", owner: Self.bob.id)
        #expect(Self.verdict([Self.rule { _ in }], request) == .denied("you may only do that with your own tasks"))
        #expect(Self.verdict([Self.rule { $0.others = true }], request) == .allowed)
        let own = Authorizer.Request(.stop, pool: "default", owner: Self.alice.id)
        #expect(Self.verdict([Self.rule { _ in }], own) == .allowed)
    }

    @Test(arguments: [(0, 0, true), (19, 0, true), (20, 0, false), (0, 60, false)])
    func quotasHold(_ open: Int, _ lastHour: Int, _ isAllowed: Bool) {
        let request = Authorizer.Request(.submit, pool: "default", load: .init(open: open, lastHour: lastHour))
        #expect((Self.verdict([Self.rule { _ in }], request) == .allowed) == isAllowed)
        // Looking and stopping costs nothing.
        let stop = Authorizer.Request(.stop, pool: "default", load: .init(open: open, lastHour: lastHour))
        #expect(Self.verdict([Self.rule { _ in }], stop) == .allowed)
    }

    @Test(arguments: [(-1, false), (0, true), (5, true), (6, false)])
    func prioritiesHold(_ priority: Int, _ isAllowed: Bool) {
        let rule = Self.rule {
            $0.verbs = [.priority]
            $0.priorities = 0...5
        }
        let request = Authorizer.Request(.priority, pool: "default", priority: priority)
        #expect((Self.verdict([rule], request) == .allowed) == isAllowed)
    }

    /// Bots are let in by their number alone, and never the bridge itself or a webhook: those can be anybody.
    @Test(arguments: Person.Kind.allCases) func whoIsNobodyIsIgnored(_ kind: Person.Kind) {
        let person = Person(id: Self.bot.id, kind: kind, name: "x", roles: [Self.role])
        let byRole = Self.verdict([Self.rule { _ in }], .init(.submit, pool: "default"), person)
        #expect((byRole == .allowed) == (kind == .human))
        let byID = Self.rule {
            $0.roles = []
            $0.bots = [Self.bot.id]
            $0.users = [Self.bot.id]
        }
        let verdict = Self.verdict([byID], .init(.submit, pool: "default"), person)
        #expect(verdict == (kind == .own || kind == .webhook ? .ignored : .allowed))
        if kind != .human { #expect(Self.verdict([], .init(.submit, pool: "default"), person) == .ignored) }
    }

    /// Every way in, by the bridge itself: what one rule allows or not is the same for all of them.
    @Test(arguments: Way.allCases, [true, false]) func everyWayIsJudged(_ way: Way, _ isAllowed: Bool) throws {
        var configuration = BridgeConfiguration()
        var channel = BridgeConfiguration.TaskChannel(id: Snowflake(10))
        channel.mention = false
        channel.catchUp = way == .question ? 0 : 20
        configuration.channels = [channel]
        var rule = Self.rule { $0.verbs = Set(Verb.allCases) }
        rule.priorities = 0...9
        configuration.authorizer = Authorizer(rules: [rule])
        let store = try BridgeStore()
        var bridge = Bridge(configuration, bot: Snowflake(99))
        let person = isAllowed ? Self.alice : Self.bob
        func turn(_ inputs: Input...) throws -> [Effect] {
            try store.transaction { try bridge.turn(inputs, now: 1_700_000_000_000, in: $0) }
        }
        func message(_ id: UInt64, _ author: Person) -> ChatMessage {
            ChatMessage(id: Snowflake(id), channel: channel.id, author: author, content: "work")
        }
        _ = try turn(.daemon([.connected(last: 0)]), .session(isNew: true))
        var effects: [Effect] = []
        switch way {
        case .message: effects = try turn(.message(message(100, person)))
        case .edit:
            effects = try turn(.edited(message(Snowflake(firstAt: 1_700_000_000_000).rawValue, person)))
        case .catchUp: effects = try turn(.answered(.read(channel.id), .page([message(100, person)], isLast: true)))
        case .question:
            _ = try turn(.answered(.read(channel.id), .page([message(100, Self.alice)], isLast: true)))
            effects = try turn(
                .invoked(Self.invocation(.button(ButtonID(.run, channel.id.stored)), person)))
        case .stop, .retry, .logs, .raise:
            _ = try turn(.message(message(100, Self.alice)))
            var record = TaskRecord(
                id: 42, state: .queued, pool: "default", priority: 0, submitter: 0,
                submittedAt: Timestamp(milliseconds: 0))
            record.prompt = "work"
            _ = try turn(.answered(.submit(Snowflake(100)), .task(42)))
            _ = try turn(.answered(.fetch(42), .record(record)))
            let action = try #require(ButtonID.Action(rawValue: way.rawValue))
            effects = try turn(.invoked(Self.invocation(.button(ButtonID(action, 42)), person)))
        }
        let hasActed = effects.contains {
            switch $0 {
            case .submit, .acknowledge: true
            default: false
            }
        }
        #expect(hasActed == isAllowed, "\(effects)")
    }

    private static func invocation(_ use: Invocation.Use, _ person: Person) -> Invocation {
        Invocation(
            Ticket(id: Snowflake(5), application: bot.id, token: Secret("t")), by: person, in: Snowflake(10), use)
    }

    enum Way: String, CaseIterable, Sendable { case message, edit, catchUp, question, stop, retry, logs, raise }
}
