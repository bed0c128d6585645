import OrchProtocol
import TestSupport
import Testing

@testable import Agents

/// Output in all its nasty shapes, and what is made of it.
@Suite struct ReportTests {
    static func reading(_ pointer: String, when: [String: String] = [:], _ combination: OutputExtractor.Combination = .last)
        -> OutputExtractor
    {
        OutputExtractor(
            pointers: [JSONPointer(pointer)].compactMap(\.self),
            conditions: when.compactMap { key, word in JSONPointer(key).map { .init(pointer: $0, words: [word]) } },
            combination: combination)
    }

    static func patterns(_ texts: String...) -> [TextPattern] { texts.compactMap(TextPattern.init) }

    /// As `openclaw agent exec --json`, read from either stream.
    static let json = AgentDefinition(
        name: "j", arguments: [.single("j")],
        output: OutputRules(
            format: .json, source: .both, text: [reading("/final"), reading("/payloads/*/text")],
            error: [reading("/error/message", when: ["/ok": "false"])], tokensIn: [reading("/usage/input")],
            tokensOut: [reading("/usage/output")], cost: [reading("/costUsd")], grace: 2_000),
        failures: [FailureRule(kind: .auth, conditions: reading("", when: ["/error/kind": "auth"]).conditions)])

    /// As `codex exec --json`.
    static let jsonl = AgentDefinition(
        name: "l", arguments: [.single("l")],
        output: OutputRules(
            format: .jsonl, text: [reading("/item/text", when: ["/item/type": "agent_message"])],
            error: [reading("/error/message", when: ["/type": "turn.failed"])],
            tokensIn: [reading("/usage/input_tokens", .sum)],
            end: reading("", when: ["/type": "turn.completed"]).conditions))

    static let text = AgentDefinition(
        name: "t", arguments: [.single("t")],
        output: OutputRules(cost: [OutputExtractor(patterns: patterns("Cost: ${value} message"), combination: .sum)]))

    static let now = ReadingTime(now: 1_795_435_200_000)

    private func read(
        _ agent: AgentDefinition, _ stdout: String, _ stderr: String = "", exit: Int32? = 0
    ) -> AgentReport {
        agent.report(on: AgentOutput(stdout: Array(stdout.utf8), stderr: Array(stderr.utf8), exit: exit), at: Self.now)
    }

    static let good = #"{"ok":true,"final":"hi","usage":{"input":3,"output":4},"costUsd":0.012}"#

    @Test(arguments: [
        (good, ""), ("banner [1]\n" + good + "\nnoise {", ""), ("", good), ("starting…\n", "warn\n" + good),
        ("{\"unrelated\":1}\n" + good, ""), (good + good, ""),
    ])
    func theFirstDocumentWithAnAnswerCounts(_ stdout: String, _ stderr: String) {
        // What is on standard output comes first, even where that is another document.
        guard !(stdout.isEmpty && stderr.isEmpty) else { return }
        let report = read(Self.json, stdout, stderr)
        #expect(report.text == "hi" && report.failure == nil && report.isWhole)
        #expect(report.usage == Usage(tokensIn: 3, tokensOut: 4, cost: 12_000))
    }

    @Test func partsOfAnAnswerAreOneText() {
        #expect(read(Self.json, #"{"payloads":[{"text":"a"},{"text":null},{"text":"b"}]}"#).text == "a\nb")
    }

    @Test func ofTwoDocumentsTheFirstCounts() {
        #expect(read(Self.json, #"{"final":"one"}{"final":"two"}"#).text == "one")
    }

    @Test func aLargeAnswerIsReadWhole() {
        let long = String(repeating: "x", count: 5 << 20)
        #expect(read(Self.json, "noise\n{\"final\":\"\(long)\"}\n").text == long)
    }

    @Test func bytesThatAreNoTextAreReplaced() {
        let bytes = Array(#"{"final":"a"#.utf8) + [0xFF, 0xC3] + Array(#"b"}"#.utf8)
        let report = Self.json.report(on: AgentOutput(stdout: bytes), at: Self.now)
        #expect(report.text == "a\u{FFFD}\u{FFFD}b" && report.failure == nil)
    }

    @Test(arguments: ["", " \n\t", #"{"final":""}"#, #"{"final":" \n"}"#, #"{"final":null}"#, "no document"])
    func withoutAnAnswerThereIsNoSuccess(_ stdout: String) {
        let failure = read(Self.json, stdout).failure
        #expect(failure == AgentFailure(.empty, "exited with status 0, but produced no output"))
    }

    @Test(arguments: [
        (
            #"{"ok":false,"error":{"kind":"auth","message":"Bad key.\nMore."}}"#, "", Int32(1), FailureKind.auth,
            "exited with status 1: Bad key. More"
        ),
        // It says that it failed, whatever its exit status is.
        (#"{"ok":false,"error":{"message":"boom"}}"#, "", 0, .crash, "exited with status 0: boom"),
        ("", "Error: 401 Unauthorized", 1, .auth, "exited with status 1: Error: 401 Unauthorized"),
        ("", "HTTP 503 Service Unavailable", 1, .server, "exited with status 1: HTTP 503 Service Unavailable"),
        ("", "connect ECONNREFUSED 127.0.0.1:1", 1, .network, "exited with status 1: connect ECONNREFUSED 127.0.0.1:1"),
        (
            "", "prompt is too long: 300000 tokens", 1, .contextTooLong,
            "exited with status 1: prompt is too long: 300000 tokens"
        ),
        ("", "429 Too Many Requests", 1, .rateLimit, "exited with status 1: 429 Too Many Requests"),
    ])
    func aFailureHasAKind(_ stdout: String, _ stderr: String, _ exit: Int32, _ kind: FailureKind, _ message: String) {
        #expect(read(Self.json, stdout, stderr, exit: exit).failure == AgentFailure(kind, message))
    }

    @Test func anExitStatusAloneIsLeftToItself() {
        #expect(read(Self.json, "", "it broke", exit: 3).failure == nil)
        #expect(read(Self.json, Self.good, exit: 3).failure == nil)
    }

    @Test func theAnswerIsNoEvidence() {
        // A model that writes about limits has met none.
        let report = read(Self.json, #"{"final":"429 Too Many Requests: usage limit"}"#)
        #expect(report.failure == nil)
    }

    @Test(arguments: [
        ("Claude AI usage limit reached|1795442400", 1_795_442_400_000 as Int64?),
        ("usage limit, resets at 2026-11-23T13:00:00Z", 1_795_438_800_000),
        ("Usage limit hit. Try again in 2h", 1_795_442_400_000), ("usage limit", nil),
        // Nothing is believed to last for more than a day, or to be over already.
        ("usage limit reached|1895442400", 1_795_435_200_000 + 86_400_000), ("usage limit reached|1795435100", nil),
    ])
    func aLimitMayTellWhenItIsOver(_ stderr: String, _ until: Int64?) throws {
        let failure = try #require(read(Self.json, "", stderr, exit: 1).failure)
        #expect(failure.kind == .usageLimit && failure.until == until)
    }

    static let events = """
        {"type":"thread.started","thread_id":"x"}
        not json
        {"type":"item.completed","item":{"type":"reasoning","text":"hm"}}
        {"type":"item.completed","item":{"type":"agent_message","text":"first"}}
        {"type":"turn.completed","usage":{"input_tokens":5}}
        {"type":"item.completed","item":{"type":"agent_message","text":"second"}}
        {"type":"turn.completed","usage":{"input_tokens":6}}

        """

    @Test func ofEventsTheLastMatchCounts() {
        let report = read(Self.jsonl, Self.events)
        #expect(report.text == "second" && report.usage.tokensIn == 11 && report.isWhole && report.failure == nil)
        #expect(Self.jsonl.output.showsItsEnd)
    }

    @Test func partsOfEventsAreJoined() {
        var agent = Self.jsonl
        agent.output.text[0].combination = .join
        #expect(read(agent, Self.events).text == "firstsecond")
    }

    @Test func eventsWithoutTheirEndAreNotWhole() {
        #expect(!read(Self.jsonl, #"{"type":"item.completed","item":{"type":"agent_message","text":"a"}}"#).isWhole)
        #expect(
            read(Self.jsonl, #"{"type":"turn.failed","error":{"message":"rate limit"}}"#, exit: 1).failure?.kind == .rateLimit)
    }

    @Test func textIsTheOutputAsItIs() {
        let report = read(Self.text, "answer\nCost: $0.01 message\nCost: $0.02 message\n")
        #expect(report == AgentReport(usage: Usage(cost: 30_000), isWhole: true))
        #expect(read(Self.text, " \n").failure?.kind == .empty)
    }

    @Test func severalPlacesOfASumAreAdded() {
        let usage = #"{"final":"x","usage":{"input":3,"read":20,"write":100,"other":null}}"#
        var agent = Self.json
        let pointers = ["/usage/input", "/usage/read", "/usage/write", "/usage/other", "/usage/none"].compactMap {
            JSONPointer($0)
        }
        agent.output.tokensIn = [OutputExtractor(pointers: pointers, combination: .sum)]
        #expect(read(agent, usage).usage.tokensIn == 123)
        // Of what is not added up the first counts.
        agent.output.tokensIn = [OutputExtractor(pointers: pointers)]
        #expect(read(agent, usage).usage.tokensIn == 3)
    }

    @Test func allConditionsOfARuleHoldOfOneDocument() {
        var agent = Self.jsonl
        agent.failures = [
            FailureRule(kind: .server, conditions: Self.reading("", when: ["/type": "turn.failed", "/code": "7"]).conditions)
        ]
        let failed = #"{"type":"turn.failed","error":{"message":"x"}"#
        #expect(read(agent, failed + #","code":7}"#, exit: 1).failure?.kind == .server)
        #expect(read(agent, failed + #","code":8}"#, exit: 1).failure?.kind == .crash)
        #expect(read(agent, failed + "}\n" + #"{"type":"x","code":7}"#, exit: 1).failure?.kind == .crash)
    }

    @Test(arguments: [
        ("Error code: 429 - slow", FailureKind.rateLimit), ("Error code: 401 - no", .auth), ("Error code: 403 - no", .auth),
        ("Error code: 404 - none", .config), ("Error code: 400 - bad", .config), ("Error code: 500 - oh", .server),
        ("Error code: 503 - oh", .server), ("Error code: 400 - {'code': 'context_length_exceeded'}", .contextTooLong),
        ("Error code: 429 - {'type': 'insufficient_quota'}", .usageLimit),
    ])
    func theWordsOfLibrariesAreKnown(_ stderr: String, _ kind: FailureKind) {
        #expect(read(Self.json, "", stderr, exit: 1).failure?.kind == kind)
    }

    /// Seconds since 1970 at a place in a document: a number, or one with a fraction, or as text.
    @Test(arguments: ["1795442400", "1795442400.0", "\"1795442400\"", "1795442400000"])
    func theEndOfALimitMayBeAtAPlace(_ value: String) throws {
        var agent = Self.jsonl
        agent.failures = [
            FailureRule(
                kind: .usageLimit, patterns: Self.patterns("hit your * limit"),
                until: [Self.reading("/info/resetsAt", when: ["/type": "limit", "/info/status": "rejected"])])
        ]
        let lines = """
            {"type":"limit","info":{"status":"allowed","resetsAt":1}}
            {"type":"limit","info":{"status":"rejected","resetsAt":\(value)}}
            {"type":"turn.failed","error":{"message":"You hit your 5-hour limit, resets 11pm"}}
            """
        #expect(read(agent, lines, exit: 1).failure?.until == 1_795_442_400_000)
    }

    @Test func aRuleMayRejectWhatLooksGood() {
        var agent = Self.text
        agent.failures = [FailureRule(kind: .rateLimit, patterns: Self.patterns("litellm.RateLimitError"), always: true)]
        #expect(read(agent, "litellm.RateLimitError: wait").failure?.kind == .rateLimit)
    }

    @Test func aProgramThatWasEndedCountsByItsResult() {
        // What it prints as JSON on its way is no result.
        #expect(!read(Self.json, #"{"level":"info"}"#, exit: nil).isWhole)
        #expect(read(Self.json, Self.good, exit: nil).failure == nil)
        #expect(read(Self.json, "{\"final\":\"h", exit: nil).isWhole == false)
    }

    @Test func noInputIsTooStrange() {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SeededGenerator(seed)
        let alphabet = Array(#"{}[]",:\/u01tfn. "#.utf8) + [0xFF, 0x0A, 0x00]
        for round in 0..<3_000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let printed = AgentOutput(stdout: bytes, stderr: bytes, exit: Int32(round % 3))
            for agent in [Self.json, Self.jsonl, Self.text] {
                let report = agent.report(on: printed, at: Self.now)
                if round % 3 == 0, agent.output.format != .text, report.failure == nil {
                    #expect(report.text?.isEmpty == false, "seed \(seed)")
                }
            }
        }
    }
}
