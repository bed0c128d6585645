import Foundation
import OrchProtocol
import Testing

/// Budgets and usage of the real daemon, with agents and workers that tell what they cost.
@Suite(.onThreads) struct BudgetTests {
    private static let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized

    /// A daemon whose prompts go to the stand-in of claude, each of which costs 1.23 cents.
    private func daemon(_ configuration: String) throws -> Daemon {
        let directory = try Directory()
        let definition = Self.source.appending(path: "etc/agents/claude.toml")
        try directory.write(String(contentsOf: definition, encoding: .utf8), to: "agents/claude.toml")
        let pool = """
            slots = 2
            agent = "claude"
            path = "\(Self.source.appending(path: "Tests/System/Agents").path):/usr/local/bin:/usr/bin:/bin"
            env = { PYTHONDONTWRITEBYTECODE = "1", IS_SANDBOX = "1", HOME = "\(directory.path)" }
            """
        return try Daemon(pool: pool, configuration: configuration, directory: directory)
    }

    /// One whose workers do what a script says, and go on where the test makes a file `go-NAME`.
    private func daemon(script: String, _ configuration: String) throws -> Daemon {
        let directory = try Directory()
        let words = """
            say() { printf '%s\\n' "$1" >&$ORCH_WORKER_FD; }
            at() { : > "at-$1"; until [ -e "go-$1" ]; do sleep 0.02; done; }
            cd '\(directory.path)'; say '{"type":"ready"}'; read -r task <&$ORCH_WORKER_FD; say '{"type":"accepted"}'
            """
        return try Daemon(
            pool: "slots = 1\nkind = \"warm\"\ncommand = [\"/bin/sh\", \"-c\", '''\(words)\n\(script)''']\ngrace = \"2s\"\n",
            configuration: configuration, directory: directory)
    }

    private func prompt(_ text: String, in daemon: Daemon, labels: [String: String]? = nil) throws -> Int64 {
        var spec = TaskSpec(prompt: text)
        (spec.labels, spec.retries, spec.retryDelay) = (labels, 2, 0)
        return try daemon.submit([spec])[0]
    }

    private func usage(_ daemon: Daemon, by key: UsageKey? = nil) throws -> UsageReport {
        try daemon.call(.usage, UsageParameters(by: key))
    }

    private func reload(_ daemon: Daemon, _ configuration: String) throws {
        try daemon.directory.write(configuration, to: "orchd.toml")
        #expect(try daemon.orchctl("reload").status == 0)
    }

    private func waits(_ daemon: Daemon, _ id: Int64, for reason: String) throws {
        try eventually("task \(id) waits for \(reason)") {
            let task = try daemon.task(id)
            return task.waiting == .paused && task.reason?.hasPrefix(reason) == true
        }
    }

    // MARK: What is spent

    @Test func aBudgetStopsSpendingUntilItIsRaised() throws {
        let daemon = try daemon("[budget.daily]\namount = \"0.02 USD\"\nper = \"day\"\n")
        for team in ["a", "b"] {
            let id = try prompt("x", in: daemon, labels: ["team": team])
            #expect(try daemon.end(of: id).state == .succeeded)
        }
        let held = try prompt("y", in: daemon)
        let reason = "budget \"daily\" spent 0.0246 of 0.02 USD"
        try waits(daemon, held, for: reason)
        // Commands cost nothing that anybody knows of.
        #expect(try daemon.end(of: daemon.submit("true")).state == .succeeded)
        #expect(try daemon.task(held).state == .queued)
        let gate = try #require(try daemon.status().gates?.first)
        #expect((gate.name, gate.reason, gate.waiting) == ("budget:daily", reason, 1) && gate.until != nil)
        #expect(try daemon.orchctl("status").output.contains(reason))
        #expect(try daemon.orchctl("show", String(held)).output.hasPrefix("task \(held)  paused  \(reason), until "))
        // It outlives the engine.
        try daemon.killEngine()
        try waits(daemon, held, for: reason)
        try reload(daemon, "[budget.daily]\namount = \"1.00 USD\"\nper = \"day\"\n")
        #expect(try daemon.end(of: held).state == .succeeded && daemon.status().gates == [])

        let total = Usage(tokensIn: 39, tokensOut: 21, tokensCached: 15, cost: 36_900)
        let report = try usage(daemon, by: .label)
        #expect(report.total == UsageRow(attempts: 3, usage: total))
        #expect(Set(report.rows.map(\.name)) == ["team=a", "team=b", nil])
        #expect(try usage(daemon, by: .agent).rows == [UsageRow(name: "claude", attempts: 3, usage: total)])
        #expect(report.budgets.map(\.spent) == [36_900] && report.budgets.map(\.amount) == [1_000_000])
        let text = try daemon.orchctl("usage", "--by", "pool", "--since", "1h")
        let lines = text.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            lines == [
                "POOL ATTEMPTS TOKENS IN CACHED TOKENS OUT COST", "default 3 39 15 21 $0.0369", "total 3 39 15 21 $0.0369",
                "BUDGET PER SPENT OF", "daily day $0.0369 $1.00",
            ])
        #expect(try daemon.orchctl("usage", "--json").output.contains(#""cost_micros":36900"#))
        #expect(try daemon.orchctl("usage", "--by", "modle").error.contains("did you mean model?"))
        try daemon.finish()
    }

    // MARK: What is being spent

    @Test func aHardBudgetEndsAWorkerThatSpendsTooMuch() throws {
        let script = """
            say '{"type":"usage","cost":0.75,"input_tokens":10}'; at first
            say '{"type":"usage","cost":1.5}'; at never
            """
        let daemon = try daemon(script: script, "[budget.all]\namount = \"1.00 USD\"\nper = \"total\"\nhard = true\n")
        let id = try prompt("x", in: daemon)
        try eventually("its usage, while it runs") {
            let attempt = try daemon.task(id).attempts.last
            return attempt?.state == .running && attempt?.usage == Usage(tokensIn: 10, cost: 750_000)
        }
        #expect(try usage(daemon, by: .day).total.usage.cost == 750_000)
        // What the engine before has counted is not counted again.
        try daemon.killEngine()
        #expect(try usage(daemon).budgets.map(\.spent) == [750_000])
        try daemon.directory.write("", to: "go-first")
        let record = try daemon.end(of: id)
        let reason = "ended: budget \"all\" spent 1.50 of 1.00 USD"
        #expect(record.state == .failed && record.attemptCount == 1 && record.reason == reason)
        #expect(record.attempts.last?.outcome == Outcome(.overBudget))
        #expect(record.attempts.last?.usage == Usage(tokensIn: 10, cost: 1_500_000))
        #expect(try usage(daemon).budgets.map(\.spent) == [1_500_000])
        try waits(daemon, prompt("y", in: daemon), for: "budget \"all\" spent 1.50 of 1.00 USD")
        try daemon.finish()
    }

    @Test func aTaskThatHasSpentItsOwnBudgetIsNotTriedAgain() throws {
        let script = """
            echo run >> runs
            say '{"type":"usage","cost":3}'
            say '{"type":"result","status":"failure","reason":"no luck","usage":{"cost":2.5}}'
            """
        let budget = "[budget.each]\nper = \"task\"\nlabel = \"dear\"\namount ="
        let daemon = try daemon(script: script, "\(budget) \"2.00 USD\"\n")
        let other = try prompt("x", in: daemon)
        #expect(try daemon.end(of: other).attemptCount == 3)
        let id = try prompt("y", in: daemon, labels: ["dear": "yes"])
        try waits(daemon, id, for: "budget \"each\" spent 2.50 of 2.00 USD")
        #expect(try daemon.status().gates?.map(\.name) == ["spent:each"])
        #expect(try daemon.task(id).attemptCount == 1)
        try reload(daemon, "\(budget) \"5.00 USD\"\n")
        try waits(daemon, id, for: "budget \"each\" spent 5.00 of 5.00 USD")
        try reload(daemon, "\(budget) \"6.00 USD\"\n")
        #expect(try daemon.end(of: id).attemptCount == 3)
        #expect(daemon.directory.text("runs") == String(repeating: "run\n", count: 6))
        try daemon.finish()
    }
}
