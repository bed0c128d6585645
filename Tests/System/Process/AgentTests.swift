import Foundation
import OrchProtocol
import Testing

/// Each definition of `etc/agents`, with a stand-in that takes the arguments and prints the shapes of the real program.
@Suite(.onThreads) struct AgentTests {
    struct Agent: CustomTestStringConvertible {
        var name: String
        /// What its arguments say in the answer, with a model and a level of thinking.
        var told: String
        var model: String?
        var thinking: String?
        var usage: Usage
        /// It prints JSON, so that its result can be told from the rest.
        var isJSON = true
        /// It can be seen that the result is whole, and a program that then hangs is ended.
        var showsItsEnd = true
        var testDescription: String { name }
    }

    private static let all = Usage(tokensIn: 13, tokensOut: 7, tokensCached: 5, cost: 12_300)

    static let agents = [
        Agent(name: "claude", told: "effort=xhigh model=m", model: "m", thinking: "xhigh", usage: all),
        Agent(
            name: "codex", told: "effort=model_reasoning_effort=\"low\" model=m", model: "m", thinking: "low",
            usage: Usage(tokensIn: 10, tokensOut: 7, tokensCached: 5), showsItsEnd: false),
        Agent(name: "gemini", told: "model=m", model: "m", usage: Usage(tokensIn: 10, tokensOut: 7, tokensCached: 5)),
        Agent(
            name: "opencode", told: "model=a/m variant=high", model: "a/m", thinking: "high",
            usage: Usage(tokensIn: 14, tokensOut: 7, tokensCached: 4, cost: 12_300)),
        Agent(name: "goose", told: "model=m", model: "m", usage: Usage(tokensIn: 10, tokensOut: 7)),
        Agent(
            name: "aider", told: "effort=low model=m", model: "m", thinking: "low",
            usage: Usage(tokensIn: 10, tokensOut: 7, cost: 12_300), isJSON: false, showsItsEnd: false),
        Agent(
            name: "ollama", told: "model=m think=false", model: "m", thinking: "off", usage: Usage(tokensIn: 10, tokensOut: 7),
            isJSON: false, showsItsEnd: false),
        Agent(
            name: "llm", told: "model=m reasoning_effort=low", model: "m", thinking: "low",
            usage: Usage(tokensIn: 10, tokensOut: 7)),
        Agent(name: "grok", told: "effort=none model=m", model: "m", thinking: "off", usage: all),
        Agent(name: "vibe", told: "limit=60", usage: Usage(), showsItsEnd: false),
        Agent(
            name: "openclaw", told: "model=p/m thinking=xhigh timeout=60", model: "p/m", thinking: "xhigh",
            usage: Usage(tokensIn: 10, tokensOut: 7, cost: 12_300)),
        Agent(
            name: "openclaw-local", told: "thinking=low timeout=60", thinking: "low",
            usage: Usage(tokensIn: 15, tokensOut: 7, tokensCached: 5)),
    ]

    private static let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized

    /// A daemon with the definition as it is installed, and one pool for it.
    private func daemon(_ agent: Agent) throws -> Daemon {
        let directory = try Directory()
        let file = "agents/\(agent.name).toml"
        try directory.write(String(contentsOf: Self.source.appending(path: "etc/\(file)"), encoding: .utf8), to: file)
        let pool = """
            slots = 4
            agent = "\(agent.name)"
            grace = "100ms"
            timeout = "60s"
            path = "\(Self.source.appending(path: "Tests/System/Agents").path):/usr/local/bin:/usr/bin:/bin"
            env = { PYTHONDONTWRITEBYTECODE = "1", CLAUDECODE = "1", IS_SANDBOX = "1", HOME = "\(directory.path)" }
            """
        return try Daemon(pool: pool, directory: directory)
    }

    private func submit(_ prompts: [String], _ agent: Agent, _ daemon: Daemon) throws -> [Int64] {
        try daemon.submit(
            prompts.map { prompt in
                var spec = TaskSpec(prompt: prompt)
                (spec.model, spec.thinking) = (agent.model, agent.thinking.flatMap(ThinkingLevel.init(rawValue:)))
                return spec
            })
    }

    private func result(of id: Int64, _ daemon: Daemon) throws -> TaskRecord {
        try daemon.call(.get, GetParameters(id: id, result: true))
    }

    @Test(arguments: agents) func answersAndSaysWhatItUsed(_ agent: Agent) throws {
        let daemon = try daemon(agent)
        // What begins with a slash or the like would be a command of some programs.
        var prompts = ["$(id) 'ä'", "child: two", "/help me", "!ls", "/etc/hosts, please"]
        // What is printed as it is has no noise around it that could be told from it.
        if agent.isJSON { prompts += ["noise: three", "large: four", "invalid: five"] }
        let ids = try submit(prompts, agent, daemon)
        try daemon.wait(ids)
        for (id, prompt) in zip(ids, prompts) {
            let record = try result(of: id, daemon)
            let text = try #require(record.result?.text)
            #expect(record.state == .succeeded, "\(prompt): \(record.reason ?? "")")
            #expect(record.attempts.last?.usage ?? Usage() == agent.usage, "\(prompt)")
            let words = prompt.split(separator: ": ").last.map(String.init) ?? ""
            switch prompt.prefix(5) {
            case "large": #expect(record.result?.truncated == true && text.allSatisfy { $0 == "x" })
            case "inval": #expect(text.hasPrefix("ech\u{FFFD} five"))
            default:
                #expect(agent.isJSON ? text == "echo \(words) \(agent.told)" : text.contains("echo \(words) \(agent.told)"))
            }
        }
        try daemon.finish()
    }

    @Test(arguments: agents) func aFailureIsToldFromAnother(_ agent: Agent) throws {
        let daemon = try daemon(agent)
        let kinds: [(prompt: String, kind: FailureKind?)] = [
            ("auth: x", .auth), ("server: x", .server), ("crash: x", nil), ("empty: x", nil),
        ]
        var specs = kinds.map { TaskSpec(prompt: $0.prompt) }
        for index in specs.indices { (specs[index].retries, specs[index].retryDelay) = (1, 0) }
        let ids = try daemon.submit(specs)
        try daemon.wait(ids)
        for (id, (prompt, kind)) in zip(ids, kinds) {
            let record = try daemon.task(id)
            let outcome = try #require(record.attempts.last?.outcome)
            #expect(record.state == .failed, "\(prompt)")
            if let kind { #expect(outcome.kind == .failed && outcome.failure == kind, "\(prompt): \(record.reason ?? "")") }
            // Another attempt with the same key fails in the same way.
            #expect(record.attemptCount == (kind == .auth ? 1 : 2), "\(prompt)")
        }
        #expect(try daemon.task(ids[3]).attempts.last?.outcome?.kind == .noResult)
        #expect(try daemon.task(ids[3]).reason?.hasPrefix("exited with status 0") == true)
        // Of what is not known, it is told what the program said last.
        #expect(try daemon.task(ids[2]).reason?.firstMatch(of: /^exited with status \d+: ./) != nil)
        try daemon.finish()
    }

    @Test(arguments: agents) func aLimitIsWaitedFor(_ agent: Agent) throws {
        let daemon = try daemon(agent)
        // Where it says until when, and, once it has been let go on, where it does not.
        for name in ["limit", "limit-unknown"] {
            let id = try submit(["\(name): x"], agent, daemon)[0]
            let record = try eventually("task \(id) is limited") {
                let record = try daemon.task(id)
                return record.waiting == .limited ? record : nil
            }
            let end = try #require(record.attempts.last?.endedAt).milliseconds
            #expect(record.attempts.last?.outcome?.kind == .limited && record.state == .queued)
            #expect(record.reason?.hasPrefix("limited until ") ?? false)
            // It waits at the gate of its agent and provider with all others, which open in some hours and a minute.
            let gate = try #require(try daemon.status().gates?.first { record.gates == [$0.name] })
            let wait = try #require(gate.until).milliseconds - end
            #expect(
                name == "limit" ? (3 * 3_600_000...25 * 3_600_000).contains(wait) : (60_000...70_000).contains(wait), "\(wait)")
            #expect(try daemon.orchctl("stop", String(id)).status == 0)
            #expect(try daemon.orchctl("agent", "resume", agent.name).status == 0)
            #expect(try daemon.status().gates == [])
        }
        try daemon.finish()
    }

    @Test(arguments: agents.filter(\.showsItsEnd)) func aProgramThatHangsAfterItsResultIsEnded(_ agent: Agent) throws {
        let daemon = try daemon(agent)
        let id = try submit(["hang: on"], agent, daemon)[0]
        let record = try daemon.end(of: id)
        #expect(record.state == .succeeded && record.attempts.last?.outcome == Outcome(.exited, code: 0))
        #expect(record.reason == "printed its whole result, did not end by itself, and was ended")
        #expect(try result(of: id, daemon).result?.text == "echo on \(agent.told)")
        // Its child goes with it: `finish` finds whatever is left.
        try daemon.finish()
    }

    @Test func theResultMayBeOnStandardError() throws {
        let agent = try #require(Self.agents.first { $0.name == "openclaw-local" })
        let daemon = try daemon(agent)
        let id = try submit(["stderr: x"], agent, daemon)[0]
        #expect(try daemon.end(of: id).state == .succeeded)
        #expect(try result(of: id, daemon).result?.text == "echo x \(agent.told)")
        try daemon.finish()
    }

    @Test func aHangThatAnEngineDidNotSeeBeginIsEnded() throws {
        let agent = try #require(Self.agents.first { $0.name == "claude" })
        let daemon = try daemon(agent)
        let id = try submit(["hang: on"], agent, daemon)[0]
        try eventually("its output") { try daemon.orchctl("logs", String(id)).output.contains("result") }
        try daemon.killEngine()
        #expect(try daemon.end(of: id).state == .succeeded)
        try daemon.finish()
    }

    @Test func agentsAreListedWithTheirPrograms() throws {
        let agent = try #require(Self.agents.first { $0.name == "claude" })
        let daemon = try daemon(agent)
        try daemon.directory.write("argv = [\"nosuch\"]\nversion = [\"nosuch\"]\ninstall = \"get it\"", to: "agents/other.toml")
        #expect(try daemon.orchctl("reload").status == 0)
        let list = try daemon.orchctl("agent", "list")
        let rows = list.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(list.status == 0 && rows.count == 3)
        #expect(rows[1].prefix(2) == ["claude", "1.2.3"] && rows[1][2].hasSuffix("/claude") && rows[1].contains("default"))
        #expect(rows[2].prefix(3) == ["other", "–", "not"] && rows[2].joined(separator: " ").contains("to install: get it"))
        #expect(try daemon.orchctl("agent", "list", "--json").output.contains(#""version":"1.2.3""#))
        try daemon.finish()
    }

    @Test func anAgentIsTriedWithATinyTask() throws {
        let agent = try #require(Self.agents.first { $0.name == "claude" })
        let daemon = try daemon(agent)
        let good = try daemon.orchctl("agent", "test", "claude", "--model", "m")
        #expect(good.status == 0 && good.output.contains("echo Reply with the single word: ready model=m"))
        #expect(good.output.contains("13 in (5 cached), 7 out") && good.output.contains("$0.0123"))
        #expect(try daemon.orchctl("agent", "test", "clade").error.contains("did you mean \"claude\"?"))
        // A limit is an answer, too, and nobody waits for its end.
        let limited = try daemon.orchctl("agent", "test", "claude", "--model", "limited")
        #expect(limited.status == 1 && limited.output.contains("limited until "))
        try daemon.finish()
    }

    @Test func aLevelOfThinkingThatThereIsNotIsRefusedAtOnce() throws {
        let agent = try #require(Self.agents.first { $0.name == "claude" })
        let daemon = try daemon(agent)
        let refused = try daemon.orchctl("submit", "--thinking", "off", "x")
        #expect(
            refused.status != 0 && refused.error.contains("knows the levels low, medium, high, xhigh, and not \"off\""))
        try daemon.finish()
    }
}
