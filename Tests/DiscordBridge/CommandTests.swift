import DiscordAPI
import FoundationEssentials
import OrchClient
import OrchProtocol
import Testing

@testable import DiscordBridge

/// Commands, completion, questions and forms, by the bridge itself.
@Suite struct CommandTests {
    private static let alice = Person(id: Snowflake(1), name: "alice", roles: [Snowflake(7)])
    private static let bob = Person(id: Snowflake(2), name: "bob", roles: [Snowflake(8)])
    private static let channel = Snowflake(10)

    /// A bridge with two tasks of alice's in `default` and one in `secret`, where only admins may look.
    private struct Stage {
        let store: BridgeStore
        var bridge: Bridge
        var now: Int64 = 1_700_000_000_000
        private var count: UInt64 = 500

        init(_ change: (inout [Authorizer.Rule]) -> Void = { _ in }) throws {
            var configuration = BridgeConfiguration()
            var channel = BridgeConfiguration.TaskChannel(id: CommandTests.channel)
            channel.mention = false
            configuration.channels = [channel]
            configuration.results = Snowflake(11)
            var rule = Authorizer.Rule()
            rule.roles = [Snowflake(7)]
            rule.verbs = Set(Verb.allCases)
            rule.pools = ["default"]
            rule.priorities = 0...9
            var admin = rule
            admin.roles = [Snowflake(9)]
            admin.pools = ["default", "secret"]
            admin.others = true
            var rules = [rule, admin]
            change(&rules)
            configuration.authorizer = Authorizer(rules: rules)
            store = try BridgeStore()
            bridge = Bridge(configuration, bot: Snowflake(99))
            _ = try turn(.daemon([.connected(last: 0)]), .session(isNew: true))
            for (id, pool) in [(41, "default"), (42, "default"), (43, "secret")] as [(Int64, String)] {
                let message = Snowflake(UInt64(100 + id))
                _ = try turn(
                    .message(ChatMessage(id: message, channel: channel.id, author: CommandTests.alice, content: "work")))
                var record = TaskRecord(
                    id: id, state: .running, pool: pool, priority: 0, submitter: 0, submittedAt: Timestamp(milliseconds: 0))
                record.prompt = "work \(id)"
                _ = try turn(.answered(.submit(message), .task(id)))
                _ = try turn(.answered(.fetch(id), .record(record)))
            }
        }

        mutating func turn(_ inputs: Input...) throws -> [Effect] {
            var next = bridge
            let effects = try store.transaction { try next.turn(inputs, now: now, in: $0) }
            bridge = next
            return effects
        }

        /// - Returns: what follows from the use alone.
        mutating func use(_ use: Invocation.Use, _ person: Person, in channel: Snowflake = CommandTests.channel) throws
            -> Outcome
        {
            count += 1
            let id = Snowflake(count)
            let ticket = Ticket(id: id, application: Snowflake(99), token: Secret("t"))
            let invocation = Invocation(ticket, by: person, in: channel, use)
            let first = try turn(.invoked(invocation))
            for case .respond(ticket, let reply) in first { return .reply(id, reply) }
            #expect(first.contains { if case .acknowledge(ticket, _) = $0 { true } else { false } })
            // Whatever Discord sends again is known.
            #expect(try turn(.invoked(invocation)).isEmpty)
            for effect in try turn(.answered(.acknowledge(id), .done)) {
                if case .carryOut(id, let order, _) = effect { return .order(id, order) }
                if case .tell(ticket, let content) = effect { return .task(id, content) }
            }
            return .nothing
        }
    }

    private enum Outcome {
        case reply(Snowflake, Reply), order(Snowflake, Order), task(Snowflake, Content), nothing

        var said: String? { if case .reply(_, .say(let content)) = self { content.text } else { nil } }
        var order: Order? { if case .order(_, let order) = self { order } else { nil } }
        /// Whether nothing at all was told or done.
        var isRefusal: Bool { said?.hasPrefix("No: ") ?? false }
    }

    /// Any values that a command takes.
    private static func wish(_ command: Command, task: Int64 = 41, pool: String = "default") -> Wish {
        var wish = Wish(command.path)
        for option in command.options {
            wish.values[option.name] =
                switch option.kind {
                case .task, .tasks: .string("\(task)")
                case .pool: .string(pool)
                case .prompt: .string("write a poem")
                case .model: .string("opus")
                case .thinking: .string("high")
                case .priority, .days, .slots: .integer(3)
                case .state: .string("running")
                case .answer: .string("yes")
                // What Discord sends for a file is no value of the wish.
                case .file: nil
                }
        }
        return wish
    }

    /// Each of which lets somebody use it: who may change a task may answer what it asks.
    private static func verbs(_ command: Command) -> Set<Verb> {
        command.verb == .answer ? [.answer, .stop, .retry, .pause, .priority] : [command.verb]
    }

    @Test func discordTakesTheCommands() throws {
        for command in Command.registration {
            #expect(command.name.utf8.allSatisfy { (0x61...0x7A).contains($0) } && command.name.utf8.count <= 32)
            #expect((1...100).contains(command.description.count))
            for option in (command.options ?? []) + (command.options ?? []).flatMap({ $0.options ?? [] }) {
                #expect((1...100).contains(option.description.count))
                #expect(option.choices?.count ?? 0 <= 25 && (option.choices == nil || option.autocomplete == nil))
            }
            let required = (command.options ?? []).map { $0.required ?? false }
            #expect(required == required.sorted { $0 && !$1 })
        }
        #expect(Set(Command.all.map(\.path)).count == Command.all.count)
    }

    /// `docs/discord.md` lists them as they are.
    @Test func theCommandsAreDocumented() throws {
        let path = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 } + "/docs/discord.md"
        let listed = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `/") }
        let rows = Command.all.map { command in
            let words = command.options.map { $0.isRequired ? $0.name.uppercased() : "[\($0.name.uppercased())]" }
            let usage = ([command.path] + words).joined(separator: " ")
            return "| `/\(usage)` | \(command.summary) | `\(command.verb.rawValue)` |"
        }
        #expect(listed.map(String.init) == rows)
    }

    @Test(arguments: Command.all.map(\.path)) func aCommandNeedsItsVerb(_ path: String) throws {
        let command = try #require(Command.named(path))
        var stage = try Stage()
        let allowed = try stage.use(.command(Self.wish(command)), Self.alice)
        #expect(!allowed.isRefusal, "\(allowed)")
        // Whoever has all verbs but this one, or no rule at all.
        for person in [Self.alice, Self.bob] {
            var without = try Stage { if person == Self.alice { $0[0].verbs.subtract(Self.verbs(command)) } }
            let denied = try without.use(.command(Self.wish(command)), person)
            #expect(denied.isRefusal || denied.said?.hasPrefix("There is no") ?? false, "\(denied)")
        }
        var nowhere = try Stage { $0 = [] }
        #expect(try nowhere.use(.command(Self.wish(command)), Self.alice).isRefusal)
        // Not in a channel that is not the bridge's, whoever asks.
        let elsewhere = try stage.use(.command(Self.wish(command)), Self.alice, in: Snowflake(77))
        #expect(elsewhere.said == "The bot does not work in this channel.")
    }

    /// A pool and a task that somebody may not see are not told from those that do not exist.
    @Test(arguments: Command.all.map(\.path)) func whatIsNotToBeSeenIsNotTold(_ path: String) throws {
        let command = try #require(Command.named(path))
        var stage = try Stage()
        let bob = Person(id: Snowflake(3), name: "bob", roles: [Snowflake(7)])
        let secret = try stage.use(.command(Self.wish(command, task: 43, pool: "secret")), bob)
        let unknown = try stage.use(.command(Self.wish(command, task: 99, pool: "absent")), bob)
        guard command.options.contains(where: { [.task, .tasks, .pool].contains($0.kind) }), command.deed != .submit else {
            return
        }
        #expect(secret.order == nil)
        #expect(
            secret.said?.replacing("43", with: "N").replacing("secret", with: "P")
                == unknown.said?.replacing("99", with: "N").replacing("absent", with: "P"))
    }

    @Test func completionOffersOnlyWhatMayBeUsed() throws {
        var stage = try Stage()
        func choices(_ wish: Wish, _ option: String, _ person: Person) throws -> [String] {
            guard case .reply(_, .choices(let choices)) = try stage.use(.typing(wish, option: option), person) else {
                return []
            }
            return choices.map(\.value)
        }
        let other = Person(id: Snowflake(3), name: "carol", roles: [Snowflake(7)])
        let admin = Person(id: Snowflake(4), name: "admin", roles: [Snowflake(9)])
        #expect(try choices(Wish("show"), "task", Self.alice) == ["42", "41"])
        #expect(try choices(Wish("show"), "task", other) == ["42", "41"])
        #expect(try choices(Wish("stop task"), "tasks", other) == [])
        #expect(try choices(Wish("stop task"), "tasks", admin) == ["43", "42", "41"])
        #expect(try choices(Wish("stop task", ["tasks": .string("42 4")]), "tasks", admin) == ["42 43", "42 41"])
        #expect(try choices(Wish("show", ["task": .string("k 42")]), "task", Self.alice) == ["42"])
        #expect(try choices(Wish("show"), "task", Self.bob) == [])
        #expect(try choices(Wish("retry"), "task", Self.alice) == [])
        #expect(try choices(Wish("pause pool"), "pool", Self.alice) == ["default"])
        #expect(try choices(Wish("pause pool"), "pool", admin) == ["default", "secret"])
        #expect(try choices(Wish("pause pool"), "pool", Self.bob) == [])
        var agents = [
            AgentRecord(name: "a", program: "a", pools: ["default"]), AgentRecord(name: "b", program: "b", pools: ["secret"]),
        ]
        (agents[0].model, agents[1].model) = ("opus", "hidden")
        _ = try stage.turn(.answered(.catalogue, .agents(agents)))
        #expect(try choices(Wish("task"), "model", Self.alice) == ["opus"])
        #expect(try choices(Wish("task"), "model", admin) == ["hidden", "opus"])
        #expect(try choices(Wish("nothing"), "x", admin) == [])
    }

    @Test func manyAreStoppedOnlyAfterAQuestion() throws {
        var stage = try Stage()
        let both = Wish("stop task", ["tasks": .string("41, 42")])
        guard case .reply(let id, .say(let question)) = try stage.use(.command(both), Self.alice) else {
            Issue.record("no question")
            return
        }
        #expect(question.text == "Stop 2 tasks?")
        let confirm = Invocation.Use.button(ButtonID(.confirm, id.stored))
        // Of somebody else it is no answer, and it still waits.
        #expect(try stage.use(confirm, Person(id: Snowflake(4), name: "x", roles: [Snowflake(9)])).order == nil)
        #expect(try stage.use(confirm, Self.alice).order == .stop([41, 42]))
        #expect(try stage.use(confirm, Self.alice).order == nil)
        #expect(try stage.use(.command(Wish("stop task", ["tasks": .string("41")])), Self.alice).order == .stop([41]))
        // A pool: those that may be stopped.
        guard case .reply(let second, _) = try stage.use(.command(Wish("stop pool", ["pool": .string("default")])), Self.alice)
        else { return }
        #expect(try stage.use(.button(ButtonID(.leave, second.stored)), Self.alice).order == nil)
        #expect(try stage.use(.button(ButtonID(.confirm, second.stored)), Self.alice).order == nil)
    }

    @Test func aQuestionIsJudgedAgainAndExpires() throws {
        var stage = try Stage()
        let pause = Invocation.Use.command(Wish("pause pool", ["pool": .string("default")]))
        guard case .reply(let id, _) = try stage.use(pause, Self.alice) else { return }
        let former = Person(id: Self.alice.id, name: "alice")
        #expect(try stage.use(.button(ButtonID(.confirm, id.stored)), former).isRefusal)
        guard case .reply(let second, _) = try stage.use(pause, Self.alice) else { return }
        stage.now += Bridge.questionLasts
        #expect(try stage.use(.button(ButtonID(.confirm, second.stored)), Self.alice).order == nil)
        guard case .reply(let third, _) = try stage.use(pause, Self.alice) else { return }
        stage.now += Bridge.questionLasts - 1
        #expect(try stage.use(.button(ButtonID(.confirm, third.stored)), Self.alice).order == .pausePool("default"))
    }

    @Test func aTaskWithoutAPromptAsksForIt() throws {
        var stage = try Stage()
        let wish = Wish("task", ["model": .string("opus"), "priority": .integer(2)])
        guard case .reply(let id, .form) = try stage.use(.command(wish), Self.alice) else {
            Issue.record("no form")
            return
        }
        guard case .task(let form, let content) = try stage.use(.form(id, texts: ["text": "write\n@everyone"]), Self.alice)
        else {
            Issue.record("no task")
            return
        }
        #expect(content.text == "**alice** asks (pool default, model opus, priority 2):\n> write\n> @\u{2060}everyone")
        let effects = try stage.turn(.answered(.tell(form), .made(Snowflake(900))))
        let submitted = effects.compactMap { if case .submit(Snowflake(900), let text, _, _) = $0 { text } else { nil } }
        let spec = try JSONDecoder().decode(TaskSpec.self, from: Data(try #require(submitted.first).utf8))
        #expect(spec.prompt == "write\n@everyone")
        #expect(spec.model == "opus" && spec.priority == 2 && spec.key == "discord:\(form)")
        #expect(spec.labels?["discord.message"] == "900")
        // The form is used up.
        #expect(try stage.use(.form(id, texts: ["text": "again"]), Self.alice).said?.contains("no longer known") == true)
    }

    @Test(arguments: [
        ("pool", OptionValue.string("secret")), ("priority", .integer(10)), ("prompt", .string("[pool:secret] x")),
    ])
    func aTaskIsJudgedByWhatItAsksFor(_ option: String, _ value: OptionValue) throws {
        var stage = try Stage()
        var wish = Wish("task", ["prompt": .string("x")])
        wish.values[option] = value
        #expect(try stage.use(.command(wish), Self.alice).isRefusal)
    }

    @Test func theQuotaCountsWhatIsOnItsWay() throws {
        var stage = try Stage { $0[0].open = 5 }
        let wish = Invocation.Use.command(Wish("task", ["prompt": .string("x")]))
        for _ in 0..<2 {
            guard case .task = try stage.use(wish, Self.alice) else {
                Issue.record("no task")
                return
            }
        }
        #expect(try stage.use(wish, Self.alice).said == "No: you have 5 tasks that have not ended, and may have 5.")
    }

    @Test func whoWaitsForADaemonThatIsAwayIsTold() throws {
        var stage = try Stage()
        _ = try stage.turn(.daemon([.disconnected(reason: "gone")]))
        let outcome = try stage.use(.command(Wish("status")), Self.alice)
        guard case .nothing = outcome else {
            Issue.record("\(outcome)")
            return
        }
        stage.now += 10_000
        let told = try stage.turn(.tick).compactMap { if case .tell(_, let content) = $0 { content.text } else { nil } }
        #expect(told == ["The daemon does not answer."])
    }
}
