import Foundation
import OrchProtocol
import Testing

/// What people see of agents: answers, and what keeps them waiting.
@Suite(.onThreads) struct AgentClientTests {
    /// A daemon with an agent that is a shell script: the prompt is the script.
    private func daemon(_ output: String = "", slots: Int = 2, argv: String = #"["sh", "{prompt_file}"]"#) throws -> Daemon {
        let directory = try Directory()
        try directory.write("argv = \(argv)\nprompt = \"file\"\n[output]\n\(output)\n", to: "agents/script.toml")
        return try Daemon(pool: "slots = \(slots)\nagent = \"script\"\ngrace = \"100ms\"", directory: directory)
    }

    private static let json = """
        format = "jsonl"
        text = "/text"
        end = { "/type" = "done" }
        """

    @Test func runPrintsTheAnswer() throws {
        let daemon = try daemon(Self.json)
        let script = #"echo working >&2; echo '{"text":"forty-two"}'; echo '{"type":"done"}'"#
        let answer = try daemon.orchctl("run", script)
        #expect(answer.status == 0 && answer.output == "forty-two\n" && !answer.error.contains("working"))
        let raw = try daemon.orchctl("run", "--raw", script)
        #expect(
            raw.status == 0 && raw.output == "{\"text\":\"forty-two\"}\n{\"type\":\"done\"}\n" && raw.error.contains("working"))
        // Commands go on as they were.
        #expect(try daemon.orchctl("run", "--", "printf", "x").output == "x")
        try daemon.finish()
    }

    /// What is a part of an answer is none, and its reason is told.
    @Test(arguments: [
        (#"echo '{"text":"a"}'; printf '{"text":"b'"#, "ends in the middle of a JSON document"),
        (#"echo '{"text":"a"}'"#, "its output ends before its result does"),
        ("printf '\\033[0m\\033[?25h'", "produced no output"),
        ("echo oops >&2; printf '\\033[31mwhy\\033[0m\\n' >&2; exit 7", "exited with status 7: oops / why"),
    ])
    func aFailedPromptSaysWhy(_ script: String, _ reason: String) throws {
        let daemon = try daemon(Self.json)
        let run = try daemon.orchctl("run", script)
        #expect(run.status != 0 && run.output.isEmpty && run.error.contains(reason), "\(run.error)")
        #expect(try daemon.orchctl("list", "--all").output.contains(reason.prefix(30)))
        #expect(try daemon.orchctl("show", "1").output.contains(reason))
        let result = try daemon.orchctl("result", "1")
        #expect(result.status == 1 && result.error.contains(reason))
        try daemon.finish()
    }

    @Test func aResultOfWhatHasNotSucceededIsNone() throws {
        let daemon = try daemon("format = \"text\"")
        let running = try daemon.submit([TaskSpec(prompt: "echo part; sleep 1000")])[0]
        try eventually("its output") { try daemon.orchctl("logs", String(running)).output.contains("part") }
        let part = try daemon.orchctl("result", String(running))
        #expect(part.status == 1 && part.output == "part\n" && part.error.contains("has not ended"))
        #expect(try daemon.orchctl("result", String(running), "--json").status == 1)
        _ = try daemon.orchctl("stop", String(running))
        try daemon.wait([running])
        #expect(try daemon.orchctl("result", String(running)).status == 1)
        let good = try daemon.submit([TaskSpec(prompt: "printf '\\033[1mwhole\\033[0m'")])[0]
        try daemon.wait([good])
        let result = try daemon.orchctl("result", String(good))
        #expect(result.status == 0 && result.output == "whole")
        try daemon.finish()
    }

    @Test func whatAnAgentCannotBeToldIsRefused() throws {
        let daemon = try daemon()
        for (words, sentence) in [
            (["--model", "m"], "takes no model"),
            (["--thinking", "low"], "takes no level of thinking"),
        ] {
            let refused = try daemon.start(["submit"] + words + ["true"]).result()
            #expect(refused.status != 0 && refused.error.contains(sentence), "\(refused.error)")
        }
        let tagged = try daemon.orchctl("submit", "[model:m] true")
        #expect(tagged.status != 0 && tagged.error.contains("takes no model"))
        try daemon.finish()
    }

    /// Who waits for a limit that another task has met as well tells what it has met itself.
    @Test func eachTellsTheLimitThatItHasMetItself() throws {
        let daemon = try daemon("format = \"text\"")
        let gate = "while [ ! -e \(daemon.directory.file("gate")) ]; do sleep 0.02; done; "
        let ids = try ["Credit balance is too low", "429 Too Many Requests"].map { words in
            try daemon.submit([TaskSpec(prompt: gate + "echo '\(words)' >&2; exit 1")])[0]
        }
        try eventually("both run") { try ids.allSatisfy { try daemon.task($0).state == .running } }
        try daemon.directory.write("", to: "gate")
        try eventually("both wait") { try ids.allSatisfy { try daemon.task($0).waiting == .limited } }
        let reasons = try ids.map { try daemon.task($0).reason ?? "" }
        #expect(reasons[0].contains("Credit balance is too low") && reasons[1].contains("429 Too Many Requests"), "\(reasons)")
        let list = try daemon.orchctl("list", "-s", "limited").output
        #expect(list.contains("Credit balance is too low") && list.contains("429 Too Many Requests"), "\(list)")
        try daemon.finish()
    }

    @Test func anAgentTestLeavesNothingBehind() throws {
        // It never gets a slot; it is interrupted; and it hangs.
        let daemon = try daemon(slots: 1, argv: #"["sh", "-c", "exec sleep 1000", "{prompt_file}"]"#)
        let blocker = try daemon.submit([TaskSpec(prompt: "x")])[0]
        try eventually("it runs") { try daemon.task(blocker).state == .running }
        let late = try daemon.orchctl("agent", "test", "script", "--timeout", "1500ms")
        #expect(
            late.status == 1 && late.error.contains("is queued")
                && late.error.contains("task \(blocker + 1) is given up after "),
            "\(late.error)")
        #expect(try daemon.task(blocker + 1).state == .cancelled)

        let interrupted = try daemon.start(["agent", "test", "script"])
        try eventually("it is there") { (try? daemon.task(blocker + 2)) != nil }
        try interrupted.error.read("what it waits for") { $0.text.contains("is queued") }
        interrupted.program.signal(SIGINT)
        #expect(try interrupted.result().status == 130)
        #expect(try daemon.task(blocker + 2).state == .cancelled)

        _ = try daemon.orchctl("stop", String(blocker))
        let hung = try daemon.orchctl("agent", "test", "script", "--timeout", "1s")
        #expect(hung.status == 1)
        try daemon.wait([blocker + 3])
        #expect(try daemon.task(blocker + 3).state != .succeeded)
        try daemon.finish()
    }
}
