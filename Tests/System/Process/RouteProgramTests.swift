import Foundation
import Glibc
import OrchProtocol
import Testing

/// Programs that choose for prompts, real ones, with everything that may go wrong with them.
@Suite(.onThreads) struct RouteProgramTests {
    /// A daemon whose prompts are all routed by a shell script, to an agent that says what was chosen.
    private func daemon(slots: Int = 2, timeout: String = "20s") throws -> Daemon {
        let directory = try Directory()
        try directory.write(
            """
            read -r question
            printf '%s\\n' "$question" > "\(directory.path)/question.$ORCH_TASK_ID"
            case $question in
            *'"prompt":"good'*) echo 'Sure: {"model": "large", "pool": "other"}' ;;
            *'"prompt":"garbage'*) echo 'I would take the large one.' ;;
            *'"prompt":"fail'*) echo '{"model": "large"}'; exit 1 ;;
            *'"prompt":"hang'*) echo '{"model": "large"}'; sleep 1000 ;;
            *'"prompt":"flood'*) while :; do echo 'a line that is long enough to get somewhere, and no answer at all'; done ;;
            *'"prompt":"much'*) head -c 100000 /dev/zero | tr '\\0' x; echo '{"model": "large"}' ;;
            *'"prompt":"nowhere'*) echo '{"pool": "nowhere", "model": "large"}' ;;
            *'"prompt":"wait'*)
                echo $$ > "\(directory.path)/waiting"
                while [ ! -e "\(directory.path)/gate" ]; do sleep 0.02; done
                echo '{"model": "large"}' ;;
            *'"prompt":"count'*)
                echo + >> "\(directory.path)/running"
                sleep 0.05
                echo - >> "\(directory.path)/running"
                echo '{"model": "large"}' ;;
            esac
            """, to: "choose")
        try directory.write("echo \"$ORCH_POOL $ORCH_ATTEMPT ${1-none}: $(cat)\"\n", to: "agent")
        try directory.write(
            "argv = [\"/bin/sh\", \"\(directory.path)/agent\", \"{model}\"]\nprompt = \"stdin\"\n", to: "agents/script.toml")
        try directory.write("slots = 2\nagent = \"script\"\n", to: "pools.d/other.toml")
        try directory.write(
            "slots = \(slots)\ngrace = \"100ms\"\nenv = { LANG = \"C\" }\n", to: "pools.d/routers.toml")
        let configuration = """
            [alias]
            large = "maker/large"
            [[route]]
            name = "ask"
            program = ["/bin/sh", "\(directory.path)/choose"]
            pool = "routers"
            timeout = "\(timeout)"
            set = { model = "small" }
            """
        return try Daemon(pool: "slots = 4\nagent = \"script\"", configuration: configuration, directory: directory)
    }

    private func prompt(_ text: String, _ daemon: Daemon, _ fill: (inout TaskSpec) -> Void = { _ in }) throws -> Int64 {
        var spec = TaskSpec(prompt: text)
        fill(&spec)
        return try daemon.submit([spec])[0]
    }

    private func result(of id: Int64, _ daemon: Daemon) throws -> String? {
        try daemon.wait([id])
        var parameters = GetParameters(id: id)
        parameters.result = true
        let record = try daemon.call(.get, parameters)
        #expect(record.state == .succeeded && record.routing == nil && record.route == "ask", "\(record)")
        return record.result?.text
    }

    @Test func aGoodAnswerIsTakenAndTold() throws {
        let daemon = try daemon()
        let printed = try daemon.orchctl(
            "submit", "--wait", "good morning", "--label", "team=core", "--env", "KEY=secret")
        #expect(printed.status == 0, "\(printed)")
        let id: Int64 = 1
        #expect(try result(of: id, daemon) == "other 1 maker/large: good morning\n")
        let record = try daemon.task(id)
        #expect(record.attempts.map(\.number) == [0, 1] && record.attemptCount == 1 && record.pool == "other")
        #expect(record.attempts[0].reason == "rule \"ask\": its program chose model \"large\", pool \"other\"")
        #expect(try daemon.orchctl("logs", "1").output == "other 1 maker/large: good morning\n")
        #expect(
            try daemon.orchctl("logs", "--attempt", "0", "1").output == "Sure: {\"model\": \"large\", \"pool\": \"other\"}\n")
        #expect(try daemon.orchctl("show", "1").output.contains("its program chose model \"large\", pool \"other\""))
        let events = try daemon.orchctl("events", "--after", "0").output
        #expect(events.contains("task.routing") && events.contains("task.routed"), "\(events)")
        let question = try #require(daemon.directory.text("question.1"))
        let expected =
            #"{"aliases":{"large":"maker/large"},"default":{"model":"small","pool":"default","priority":0},"given":[],"#
            + #""labels":{"team":"core"},"needs":[],"pools":["default","other"],"prompt":"good morning","rule":"ask","#
            + #""submitter":\#(getuid()),"task":1}"#
        #expect(question == expected + "\n")
        try daemon.finish()
    }

    @Test(arguments: [
        ("garbage", "printed no JSON object"), ("nothing", "printed nothing"), ("fail", "failed (exited with status 1)"),
        ("flood", "failed (wrote more output than its pool allows)"), ("much", "printed no JSON object"),
    ])
    func whatFailsLeavesTheDefault(_ text: String, _ why: String) throws {
        let daemon = try daemon()
        let id = try prompt(text, daemon)
        #expect(try result(of: id, daemon) == "default 1 small: \(text)\n")
        #expect(
            try daemon.task(id).attempts[0].reason == "rule \"ask\": its program \(why), so its default holds")
        try daemon.finish()
    }

    @Test func aProgramThatHangsIsEnded() throws {
        let daemon = try daemon(timeout: "300ms")
        let id = try prompt("hang", daemon)
        #expect(try result(of: id, daemon) == "default 1 small: hang\n")
        let attempt = try daemon.task(id).attempts[0]
        #expect(attempt.outcome?.kind == .runTimeout)
        #expect(attempt.reason == "rule \"ask\": its program gave no answer in time, so its default holds")
        try daemon.finish()
    }

    @Test func aPoolThatIsNotThereIsLeftOutAndAModelThatIsGivenStands() throws {
        let daemon = try daemon()
        let first = try prompt("nowhere", daemon)
        #expect(try result(of: first, daemon) == "default 1 maker/large: nowhere\n")
        #expect(try daemon.task(first).attempts[0].reason?.hasSuffix("; there is no pool \"nowhere\"") ?? false)
        let second = try prompt("good", daemon) { $0.model = "mine" }
        #expect(try result(of: second, daemon) == "other 1 mine: good\n")
        let third = try prompt("good", daemon) { $0.pool = "default" }
        #expect(try result(of: third, daemon) == "default 1 maker/large: good\n")
        try daemon.finish()
    }

    @Test func itOutlivesTheEngineAndIsSeenMeanwhile() throws {
        let daemon = try daemon()
        let follower = try daemon.start(["run", "wait for me"])
        let pid = try daemon.directory.number("waiting")
        // The program may be faster than the news of its start.
        let record = try eventually("task 1 is being routed") {
            let record = try daemon.task(1)
            return record.state == .running ? record : nil
        }
        #expect(record.routing == "ask" && record.startedAt == nil)
        #expect(record.reason == "being routed by rule \"ask\"" && record.pool == "routers" && record.attemptCount == 0)
        for command in [["list"], ["show", "1"], ["status"]] {
            let output = try daemon.start(command).result().output
            #expect(output.contains("being routed by rule \"ask\""), "\(command): \(output)")
        }
        for _ in 1...3 { try daemon.killEngine() }
        #expect(isAlive(pid))
        try daemon.directory.write("", to: "gate")
        #expect(try result(of: 1, daemon) == "default 1 maker/large: wait for me\n")
        let end = try follower.result()
        #expect(end.status == 0 && end.output == "default 1 maker/large: wait for me\n", "\(end)")
        try daemon.finish()
    }

    @Test func itIsCancelledWithItsTaskAndLostWithTheSupervisor() throws {
        let daemon = try daemon()
        let cancelled = try prompt("wait for me", daemon)
        let pid = try daemon.directory.number("waiting")
        #expect(try daemon.orchctl("stop", String(cancelled)).status == 0)
        #expect(try daemon.end(of: cancelled).state == .cancelled && !isAlive(pid))
        unlink(daemon.directory.file("waiting"))
        let lost = try prompt("wait for me", daemon)
        _ = try daemon.directory.number("waiting")
        kill(try daemon.supervisor, SIGKILL)
        #expect(try result(of: lost, daemon) == "default 1 small: wait for me\n")
        #expect(try daemon.task(lost).attempts[0].outcome?.kind == .lost)
        try daemon.finish()
    }

    @Test func manyAtOnceTakeNoMoreThanTheSlots() throws {
        let daemon = try daemon(slots: 2)
        let ids = try daemon.submit((1...50).map { TaskSpec(prompt: "count \($0)") })
        let records = try daemon.wait(ids)
        #expect(records.allSatisfy { $0.state == .succeeded && $0.model == "maker/large" && $0.attemptCount == 1 })
        var running = 0
        var most = 0
        for line in (daemon.directory.text("running") ?? "").split(separator: "\n") {
            running += line == "+" ? 1 : -1
            most = max(most, running)
        }
        #expect(running == 0 && (1...2).contains(most))
        try daemon.finish()
    }

    @Test func aReloadWithoutTheRuleLetsThemGo() throws {
        let daemon = try daemon(slots: 1)
        let asked = try prompt("wait for me", daemon)
        _ = try daemon.directory.number("waiting")
        let waiting = try prompt("wait as well", daemon)
        try daemon.directory.write("", to: "orchd.toml")
        #expect(try daemon.orchctl("reload").status == 0)
        #expect(try result(of: waiting, daemon) == "default 1 small: wait as well\n")
        try daemon.directory.write("", to: "gate")
        #expect(try result(of: asked, daemon) == "default 1 small: wait for me\n")
        try daemon.finish()
    }

    @Test func explainingAsksNobody() throws {
        let daemon = try daemon()
        let output = try daemon.orchctl("route", "--explain", "good").output
        #expect(output.contains("/choose, in the pool routers, for at most 20s"), "\(output)")
        #expect(output.contains("model     small"))
        try daemon.finish()
    }
}
