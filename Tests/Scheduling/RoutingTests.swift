import OrchProtocol
import Schemas
import TestSupport
import Testing

@testable import Scheduling

/// What is chosen for a prompt, and that what the submitter says stands.
@Suite struct RoutingTests {
    private static func pool(_ name: String, agent: String? = "llm", _ fill: (inout PoolSettings) -> Void = { _ in })
        -> PoolSettings
    {
        var pool = PoolSettings(name: name, slots: 1, agent: agent)
        fill(&pool)
        return pool
    }

    private static func rule(_ name: String, _ fill: (inout RouteRule) throws -> Void) rethrows -> RouteRule {
        var rule = RouteRule(name: name)
        try fill(&rule)
        return rule
    }

    private static let pools = [
        pool("default"), pool("agents"), pool("gpus") { $0.capabilities = ["gpu"] }, pool("plain") { $0.inlineTags = false },
        pool("commands", agent: nil),
    ]

    private static func rules() throws -> Rules {
        Rules(
            agents: ["llm": AgentSettings(thinking: [.low, .high], longestPrompt: 1_000)],
            routes: [
                rule("team") {
                    $0.match.label = "team=c*"
                    $0.choice.model = "cheap"
                    $0.choice.priority = 7
                },
                rule("long") {
                    $0.match.minimum = 100
                    $0.choice.thinking = .high
                    $0.choice.pool = "agents"
                },
                try rule("code") {
                    $0.match.pattern = try Pattern("\\b(fix|debug)\\b", ignoresCase: true)
                    $0.match.submitter = 1000
                    $0.choice.model = "coder/x"
                },
            ],
            aliases: ["cheap": "openrouter/tiny"])
    }

    private func choose(_ spec: TaskSpec, uid: UInt32 = 1000) throws -> TaskRouter.Choice {
        let pools = Dictionary(uniqueKeysWithValues: Self.pools.map { ($0.name, $0) })
        return try TaskRouter(rules: Self.rules(), pools: pools).choose(
            for: spec, by: Submitter(requester: Requester(uid: uid, isAdministrator: false)))
    }

    @Test func aPromptThatItsAgentCannotBeStartedWithIsRefused() throws {
        let longest = String(repeating: "x", count: 1_000)
        _ = try choose(.prompt(longest))
        _ = try choose(.prompt("[thinking:low] " + longest))
        let pools = Dictionary(uniqueKeysWithValues: Self.pools.map { ($0.name, $0) })
        let router = try TaskRouter(rules: Self.rules(), pools: pools)
        let error = try #require(throws: WireError.self) {
            try router.explain(.prompt(longest + "x"), by: Requester(uid: 1000, isAdministrator: false))
        }
        #expect(
            error.data?.field == "prompt"
                && error.message.contains("of at most 1000 bytes, as an argument, and this prompt has 1001"))
    }

    @Test func theFirstRuleThatMatchesFillsTheGaps() throws {
        let team = try choose(.prompt("fix it") { $0.labels = ["team": "core"] })
        #expect((team.route, team.model, team.priority, team.pool) == ("team", "openrouter/tiny", 7, "default"))
        let long = try choose(.prompt(String(repeating: "ü", count: 100)))
        #expect((long.route, long.thinking, long.pool, long.isPoolGiven) == ("long", .high, "agents", false))
        #expect(try choose(.prompt(String(repeating: "ü", count: 99))).route == nil)
        let code = try choose(.prompt("please Fix this"))
        #expect((code.route, code.model) == ("code", "coder/x"))
        #expect(try choose(.prompt("please Fix this"), uid: 5).route == nil)
        #expect(try choose(.prompt("prefixed")).route == nil)
    }

    @Test func whatTheSubmitterSaysStands() throws {
        let choice = try choose(
            .prompt("[model:tagged] [thinking:low] text") {
                $0.labels = ["team": "core"]
                $0.model = "mine"
                $0.priority = -1
            })
        #expect((choice.model, choice.thinking, choice.priority, choice.route) == ("mine", .low, -1, "team"))
        let long = try choose(.prompt(String(repeating: "x", count: 200)) { $0.pool = "default" })
        #expect((long.pool, long.route) == ("default", "long"))
    }

    @Test func commandsAreNotRouted() throws {
        let choice = try choose(.command("fix") { $0.labels = ["team": "core"] })
        #expect(choice.route == nil && choice.model == nil && choice.priority == 0)
    }

    @Test func aTaskRemembersItsRule() throws {
        let rig = try Rig(pools: Self.pools, rules: Self.rules())
        let id = try rig.submit(.prompt("[needs:gpu] fix it"))
        let task = try rig.task(id)
        #expect(task.definition.route == "code" && task.definition.model == "coder/x" && task.pool == "gpus")
        #expect(task.definition.work == .prompt("fix it") && task.definition.needs == ["gpu"])
        #expect(task.lane == "agent:llm/coder")
    }

    // MARK: Tags

    @Test(arguments: [
        ("[model:x] text", "text"), ("[model:x][thinking:low]\n\ntext", "text"), ("[ model : x y ] text", "text"),
        ("[needs:a,b] [needs:c] text", "text"), ("[pool:p] [other:x] text", "[other:x] text"),
        ("[model:] text", "[model:] text"),
        ("[model:x text", "[model:x text"), ("[model:a] [model:b] text", "[model:b] text"),
        (" [model:x] text", " [model:x] text"),
        ("[model:x\n] text", "[model:x\n] text"), ("[TODO] text", "[TODO] text"), ("text [model:x]", "text [model:x]"),
        ("", ""), ("[", "["),
        ("[model:e\u{301}] text", "text"),
    ])
    func tagsEndWhereThePromptBegins(prompt: String, rest: String) {
        #expect(InlineTags(prompt).rest == rest)
    }

    /// What makes one `Character` with the separator before it.
    @Test(arguments: ["\u{301}", "\u{FE0F}", "\u{200D}", "\u{20DD}"]) func aMarkBehindASeparatorHidesNone(_ mark: String) {
        let tags = InlineTags("[model:\(mark)m] [needs:a,\(mark)b]\(mark) x")
        #expect(tags.model == "\(mark)m" && tags.needs == ["a", "\(mark)b"] && tags.rest.isSame(as: "\(mark) x"))
        #expect(TaskMatcher.fits(label: "team=\(mark)x*", ["team": "\(mark)xyz"]))
        #expect(!TaskMatcher.fits(label: "team=\(mark)y", ["team": "\(mark)x"]))
        #expect(!TaskMatcher.fits(label: "\u{E9}", ["e\u{301}": "x"]) && TaskMatcher.fits(label: "\u{E9}", ["\u{E9}": "x"]))
        #expect(AgentSettings(provider: "own").provider(ofModel: "openrouter/\(mark)x") == "openrouter")
        #expect(GateName.names(in: GateName.limit("a \(mark)b")).count == 1)
    }

    @Test func tagsAreRead() {
        let tags = InlineTags("[model: a/b ] [thinking:high] [pool:p] [needs:gpu, net] x")
        #expect((tags.model, tags.thinking, tags.pool) == ("a/b", "high", "p") && tags.needs == ["gpu", "net"])
    }

    @Test func aPoolMayTakePromptsAsTheyAre() throws {
        let choice = try choose(.prompt("[model:x] text") { $0.pool = "plain" })
        #expect(choice.prompt == "[model:x] text" && choice.model == nil)
    }

    @Test(arguments: [
        ("[model:x]", "prompt"), ("[thinking:hihg] x", "prompt"), ("[needs:a b] x", "needs"),
        ("[thinking:medium] x", "thinking"),
        ("[pool:nowhere] x", "pool"), ("[pool:commands] x", "prompt"),
    ])
    func badTagsAreRefused(prompt: String, field: String) throws {
        let rig = try Rig(pools: Self.pools, rules: Self.rules())
        #expect(try rig.refusal(.submit(.one(.prompt(prompt)))).data?.field == field)
    }

    // MARK: Thinking

    @Test func aLevelThatTheAgentDoesNotKnowIsRefused() throws {
        let rig = try Rig(pools: Self.pools, rules: Self.rules())
        let message = try rig.refusal(.submit(.one(.prompt("p") { $0.thinking = .medium }))).message
        #expect(message == "the agent \"llm\" of the pool \"default\" knows the levels low, high, and not \"medium\"")
        let unknown = try rig.refusal(.submit(.one(.prompt("[thinking:hig] p")))).message
        #expect(
            unknown == "[thinking:hig] is invalid; use one of off, minimal, low, medium, high, xhigh; did you mean \"high\"?")
    }

    // MARK: Patterns

    @Test func patternsAreLookedForInLines() throws {
        func matches(_ pattern: String, _ text: String, ignoresCase: Bool = false) throws -> Bool {
            try Pattern(pattern, ignoresCase: ignoresCase).isFound(inLinesOf: text)
        }
        #expect(try matches("^(a|b)+$", "abab") && !matches("^(a|b)+$", "abc"))
        #expect(try !matches("x.y", "x\ny") && matches("^a$", "a\nb") && matches("^b$", "a\nb") && matches("^$", "a\n\nb"))
        #expect(try matches("\\d{3}", "ab123") && !matches("F", "f") && matches("\\bfix\\b", "please fix it"))
        #expect(try matches("ü", "für") && !matches("end$", String(repeating: " ", count: 70_000) + "end"))
        #expect(try matches("fix", "FIX it", ignoresCase: true) && matches("[A-Z]ug", "bug", ignoresCase: true))
        #expect(try matches("Ü", "für", ignoresCase: true) && !matches("^[^a]$", "A", ignoresCase: true))
        for bad in ["(", "[a", "a{2,1}", "(a)\\1"] {
            #expect(throws: Pattern.Fault.self) { try Pattern(bad) }
        }
    }

    /// What takes others longer than the universe has.
    @Test(arguments: ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){12}$", "(x+x+)+y", "(a|b)*a(a|b){14}c"])
    func noPatternTakesLong(pattern: String) throws {
        let text = String(repeating: "a", count: 16_000) + "!"
        #expect(try !Pattern(pattern).isFound(inLinesOf: text))
    }

    // MARK: Explaining

    @Test func itSaysWhatEachRuleSays() throws {
        let pools = Dictionary(uniqueKeysWithValues: Self.pools.map { ($0.name, $0) })
        let router = try TaskRouter(rules: Self.rules(), pools: pools)
        let prompt = "[thinking:low] \(String(repeating: "x", count: 100))"
        let explanation = try router.explain(.prompt(prompt), by: Requester(uid: 5, isAdministrator: false))
        #expect((explanation.pool, explanation.thinking, explanation.route) == ("agents", "low", "long"))
        #expect(explanation.prompt == String(repeating: "x", count: 100))
        #expect(
            explanation.rules == [
                RouteStep(name: "team", matches: false, reason: "there is no label \"team=c*\""),
                RouteStep(name: "long", matches: true, reason: "matches"),
                RouteStep(name: "code", matches: false, reason: "is not checked, because a rule before it matches"),
            ])
        let other = try router.explain(.prompt("fix"), by: Requester(uid: 5, isAdministrator: false))
        #expect(
            other.rules.map(\.reason)[1...] == [
                "the prompt has 3 characters, fewer than 100", "the submitter is uid 5, not 1000",
            ])
    }
}
