import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// Warm workers of the real daemon: the kits, workers that misbehave, and engines that are killed at every stage.
@Suite(.onThreads) struct WarmTests {
    static let kits = ["worker.sh", "worker.py", "worker.mjs"]

    static func kit(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../etc/worker-kits/\(name)")
            .standardizedFileURL.path
    }

    /// A daemon whose default pool is warm.
    private func daemon(
        _ command: [String], slots: Int = 2, more: String = "", directory: Directory? = nil
    ) throws -> Daemon {
        let words = command.map { "'''\($0)'''" }.joined(separator: ", ")
        return try Daemon(
            pool: "slots = \(slots)\nkind = \"warm\"\ncommand = [\(words)]\ngrace = \"2s\"\n\(more)\n",
            directory: directory)
    }

    /// One whose workers are a script, with `say` and `hear` for what is said to the daemon and heard of it.
    private func daemon(script: String, slots: Int = 1, more: String = "") throws -> Daemon {
        let directory = try Directory()
        let words = """
            say() { printf '%s\\n' "$1" >&$ORCH_WORKER_FD; }
            hear() { while IFS= read -r line <&$ORCH_WORKER_FD; do case $line in *'"'$1'"'*) return;; esac; done; exit 9; }
            cd '\(directory.path)'
            """
        return try daemon(["/bin/sh", "-c", words + "\n" + script], slots: slots, more: more, directory: directory)
    }

    private func prompt(_ text: String, retries: Int? = nil) -> TaskSpec {
        var spec = TaskSpec(command: [])
        spec.command = nil
        spec.prompt = text
        spec.retries = retries
        spec.retryDelay = 0
        return spec
    }

    private func workers(_ daemon: Daemon) throws -> [WorkerRecord] {
        try daemon.call(.workerList, WorkerListParameters()).workers
    }

    @discardableResult
    private func waitFor(_ states: [WorkerRecord.State], in daemon: Daemon) throws -> [WorkerRecord] {
        var last: [WorkerRecord] = []
        try eventually("workers that are \(states.map(\.rawValue))") {
            last = (try? workers(daemon)) ?? []
            return last.map(\.state.rawValue).sorted() == states.map(\.rawValue).sorted()
        }
        return last
    }

    /// What its workers say they can do, a pool offers, and says so.
    @Test func aTaskGoesToTheWorkerThatSaysItCan() throws {
        let daemon = try daemon(
            script: """
                say '{"type":"ready","capabilities":["gpu"]}'
                hear task
                say '{"type":"accepted"}'
                say '{"type":"result","status":"success"}'
                """)
        try waitFor([.ready], in: daemon)
        let pool = try #require(try daemon.status().pools.first)
        #expect(pool.capabilities == ["gpu"] && pool.agent == "warm" && pool.worker == "/bin/sh")
        #expect(try daemon.orchctl("pool", "list").output.contains("warm: sh"))
        #expect(try daemon.orchctl("run", "--needs", "gpu", "--", "anything").status == 0)
        let refused = try daemon.orchctl("submit", "--needs", "gpu,net", "--", "anything")
        #expect(refused.error.contains("no worker offers \"net\""))
        try daemon.finish()
    }

    // MARK: The kits

    @Test(arguments: kits) func fivePromptsGetFiveProcessesThatWereThereBefore(_ kit: String) throws {
        let daemon = try daemon([Self.kit(kit)], slots: 3)
        let before = try waitFor([.ready, .ready, .ready], in: daemon)
        #expect(before.allSatisfy { $0.version == "\(kit) 1" && $0.since != nil })
        let prompts = [
            "plain", "a \"quoted\" \\ line\nand 'another' $HOME `id` %s", "emoji 🦉 and ünïcödé", "  spaces  and\ttabs ",
            String(repeating: "long ✓ ", count: 40_000) + "end",
        ]
        let ids = try daemon.submit(prompts.map { prompt($0) })
        let records = try daemon.wait(ids)
        #expect(records.allSatisfy { $0.state == .succeeded && $0.attemptCount == 1 }, "\(records.map(\.reason))")
        let pids = try ids.map { try daemon.task($0).attempts.last?.pid }
        #expect(Set(pids).count == 5 && Set(pids).isSuperset(of: before.map(\.pid)))
        for (id, text) in zip(ids, prompts) {
            let record = try daemon.call(.get, GetParameters(id: id, result: true))
            #expect(record.result?.text == text)
        }
        let after = try waitFor([.ready, .ready, .ready], in: daemon)
        #expect(Set(after.map(\.pid)).isDisjoint(with: pids))
        try daemon.finish()
    }

    @Test(arguments: kits) func anEngineThatIsKilledChangesNothingForTheKits(_ kit: String) throws {
        let daemon = try daemon([Self.kit(kit)], slots: 2)
        let before = try waitFor([.ready, .ready], in: daemon)
        try daemon.killEngine()
        let after = try waitFor([.ready, .ready], in: daemon)
        #expect(before.map(\.pid) == after.map(\.pid) && before.map(\.since) == after.map(\.since))
        let id = try daemon.submit([prompt("hello")])[0]
        #expect(try daemon.end(of: id).state == .succeeded)
        try daemon.finish()
    }

    // MARK: Kills at each stage

    /// The worker passes one stage after the other as the test lets it, and the engine is killed in each.
    @Test func anEngineThatIsKilledAtAnyStageLosesNothing() throws {
        let script = """
            echo $$ > pid; at() { : > "at-$1"; until [ -e "go-$1" ]; do sleep 0.02; done; }
            at start; say '{"type":"ready"}'; at ready; hear task; echo run >> runs; at heard
            say '{"type":"accepted"}'; at accepted; say '{"type":"progress","percent":40,"text":"half"}'; at work
            say '{"type":"result","status":"success","output":"done"}'; at result; exit 3
            """
        let daemon = try daemon(script: script)
        let directory = daemon.directory
        let pid = try directory.number("pid")
        var id: Int64?
        for stage in ["start", "ready", "heard", "accepted", "work", "result"] {
            try eventually("stage \(stage)") { directory.has("at-\(stage)") }
            try daemon.killEngine()
            if stage == "ready" {
                try waitFor([.ready], in: daemon)
                id = try daemon.submit([prompt("x")])[0]
            }
            if stage == "work" {
                try eventually("the task, still busy") { try workers(daemon).first?.state == .busy }
            }
            try directory.write("", to: "go-\(stage)")
        }
        let record = try daemon.end(of: try #require(id))
        #expect(record.state == .succeeded && record.attemptCount == 1 && record.attempts.last?.pid == pid)
        #expect(directory.text("runs") == "run\n")
        #expect(try daemon.call(.get, GetParameters(id: record.id, result: true)).result?.text == "done")
        try daemon.finish()
    }

    /// The same where the worker does everything while no engine is there.
    @Test func aResultThatIsGivenWhileNoEngineIsThereCounts() throws {
        let script = """
            echo $$ > pid; say '{"type":"ready"}'; hear task; echo run >> runs; : > heard
            until [ -e gone ]; do sleep 0.02; done
            say '{"type":"accepted"}'; say '{"type":"result","status":"success","output":"alone"}'
            """
        let daemon = try daemon(script: script)
        try waitFor([.ready], in: daemon)
        let pid = try daemon.directory.number("pid")
        let id = try daemon.submit([prompt("x")])[0]
        try eventually("the task with its worker") { daemon.directory.has("heard") }
        let engine = try daemon.engine
        kill(daemon.launcher.pid, SIGSTOP)
        kill(engine, SIGKILL)
        try daemon.directory.write("", to: "gone")
        try eventually("the end of the worker") { !isAlive(pid) }
        kill(daemon.launcher.pid, SIGCONT)
        #expect(try daemon.end(of: id).attempts.map(\.outcome) == [Outcome(.exited, code: 0)])
        #expect(daemon.directory.text("runs") == "run\n")
        try daemon.finish()
    }

    /// Random kills under load: each task is done once, by a process of its own.
    @Test func tasksAreDoneOnceUnderKills() throws {
        let script = """
            say '{"type":"ready"}'; hear task; say '{"type":"accepted"}'
            echo "$$ ${line#*prompt}" >> runs; say '{"type":"result","status":"success"}'
            """
        let daemon = try daemon(script: script, slots: 4)
        let ids = try daemon.submit((1...60).map { prompt("p\($0)") })
        let runs = { daemon.directory.text("runs")?.split(separator: "\n") ?? [] }
        for kill in 1...5 {
            try eventually("\(kill * 8) runs") { runs().count >= kill * 8 }
            try daemon.killEngine()
        }
        let records = try daemon.wait(ids, within: 2 * patience)
        #expect(records.allSatisfy { $0.state == .succeeded && $0.attemptCount == 1 }, "\(records.compactMap(\.reason))")
        #expect(runs().count == 60 && Set(runs().map { $0.prefix { $0 != " " } }).count == 60)
        try daemon.finish()
    }

    @Test func workersGoOnWithTheNextVersionOfBothPrograms() throws {
        let daemon = try daemon([Self.kit("worker.py")], slots: 2)
        let before = try waitFor([.ready, .ready], in: daemon)
        #expect(try daemon.orchctl("upgrade").status == 0)
        let after = try waitFor([.ready, .ready], in: daemon)
        #expect(before.map(\.pid) == after.map(\.pid))
        try daemon.killEngine()
        let id = try daemon.submit([prompt("hello")])[0]
        #expect(before.map(\.pid).contains(try daemon.end(of: id).attempts.last?.pid))
        try daemon.finish()
    }

    // MARK: Workers that misbehave

    @Test func oneThatFailsBeforeItIsReadyShowsWhyAndIsTriedAgain() throws {
        let script = "[ -e good ] || { echo 'no licence' >&2; exit 4; }; say '{\"type\":\"ready\"}'; hear exit"
        let daemon = try daemon(script: script, slots: 2)
        let record = try waitFor([.backingOff, .backingOff], in: daemon)[0]
        #expect(record.reason == "a worker never became ready: exited with status 4: no licence" && record.until != nil)
        let status = try daemon.status()
        #expect(status.state == .degraded && status.pools[0].problem == record.reason && status.pools[0].ready == 0)
        #expect(status.problems == ["the pool \"default\" starts no workers: \(record.reason ?? "")"])
        let shown = try daemon.orchctl("status")
        #expect(shown.output.contains("backing_off") && shown.output.contains("no licence"), "\(shown)")
        try daemon.directory.write("", to: "good")
        try waitFor([.ready, .ready], in: daemon)
        #expect(try daemon.status().state == .running)
        try daemon.finish()
    }

    @Test func aReadyThatNeverComesAndOneThatIsIdleForTooLong() throws {
        let script = "echo $$ >> pids; [ -e good ] || exec sleep 1000; say '{\"type\":\"ready\"}'; hear exit"
        let daemon = try daemon(script: script, more: "ready_timeout = \"1s\"\nmax_idle = \"2s\"")
        try eventually("its end") { try daemon.status().pools[0].problem == "a worker was not ready within 1000 ms" }
        try daemon.directory.write("", to: "good")
        let first = try waitFor([.ready], in: daemon)[0].pid
        try eventually("another") { (try? workers(daemon).first { $0.state == .ready }?.pid).map { $0 != first } ?? false }
        #expect(try daemon.status().problems.isEmpty)
        try daemon.finish()
    }

    @Test func whatBecomesOfATaskWhoseWorkerMisbehaves() throws {
        // What each does after it has its task.
        let behaviour = """
            say '{"type":"ready"}'; hear task; case $line in *unaccepted*) [ -e second ] || { : > second; exit 0; };; esac
            say '{"type":"accepted"}'
            case $line in
            *silent*) exit 0;;
            *fails*) exit 5;;
            *twice*) say '{"type":"result","status":"success","output":"one"}'
                say '{"type":"result","status":"failure","output":"two"}'; exit 1;;
            *babbles*) say 'what?'; sleep 1000;;
            *unknown*) say '{"type":"song"}'; sleep 1000;;
            *reports*) say '{"type":"result","status":"failure","reason":"not today"}'; exit 0;;
            *killed*) kill -9 $$;;
            *file*) echo from the file > $ORCH_RESULT_FILE; say '{"type":"result","status":"success"}';;
            *) say '{"type":"result","status":"success","output":"ok"}';;
            esac
            """
        let daemon = try daemon(script: behaviour, slots: 3)
        let cases: [(prompt: String, outcome: Outcome, reason: String, result: String)] = [
            ("good", Outcome(.exited, code: 0), "its worker reported success", "ok"),
            ("unaccepted", Outcome(.exited, code: 0), "its worker reported success", "ok"),
            ("silent", Outcome(.noResult, code: 0), "its worker exited with status 0 without a result", ""),
            ("fails", Outcome(.exited, code: 5), "exited with status 5", ""),
            ("twice", Outcome(.exited, code: 0), "its worker reported success", "one"),
            ("babbles", Outcome(.failed), "its worker sent an invalid message: what?", ""),
            ("unknown", Outcome(.failed), "its worker sent a message of the unknown type \"song\"", ""),
            ("reports", Outcome(.failed), "not today", ""),
            ("killed", Outcome(.signalled, code: 9), "killed by SIGKILL", ""),
            ("file", Outcome(.exited, code: 0), "its worker reported success", "from the file\n"),
        ]
        let ids = try daemon.submit(cases.map { prompt($0.prompt) })
        try daemon.wait(ids)
        for (id, it) in zip(ids, cases) {
            let record = try daemon.call(.get, GetParameters(id: id, result: true))
            #expect(record.attempts.map(\.outcome) == [it.outcome], "\(it.prompt)")
            #expect(record.reason == it.reason && record.result?.text == it.result, "\(it.prompt): \(record)")
        }
        try daemon.finish()
    }

    @Test func oneThatIsKilledIsReplacedAndItsTaskRetried() throws {
        let script = """
            say '{"type":"ready"}'; hear task; say '{"type":"accepted"}'; echo $$ > pid
            [ -e second ] || { : > second; exec sleep 1000; }; say '{"type":"result","status":"success"}'
            """
        let daemon = try daemon(script: script, slots: 1)
        let idle = try #require(try waitFor([.ready], in: daemon)[0].pid)
        kill(idle, SIGKILL)
        try eventually("another") { (try? workers(daemon).first { $0.state == .ready }?.pid).map { $0 != idle } ?? false }
        let id = try daemon.submit([prompt("x", retries: 1)])[0]
        kill(try daemon.directory.number("pid"), SIGKILL)
        let record = try daemon.end(of: id)
        #expect(record.state == .succeeded)
        #expect(record.attempts.map(\.outcome) == [Outcome(.signalled, code: 9), Outcome(.exited, code: 0)])
        try daemon.finish()
    }

    @Test func aHangAfterTheResultIsASuccess() throws {
        let script = """
            say '{"type":"ready"}'; hear task; say '{"type":"accepted"}'; echo output; sleep 1000 &
            say '{"type":"result","status":"success","output":"all of it"}'; trap '' TERM; while :; do sleep 1; done
            """
        let daemon = try daemon(script: script)
        let id = try daemon.submit([prompt("x")])[0]
        try eventually("a worker that should exit") { try workers(daemon).first?.state == .exiting }
        #expect(try daemon.end(of: id, within: 2 * patience).state == .succeeded)
        #expect(try daemon.orchctl("logs", String(id)).output == "output\n")
        try daemon.finish()
    }

    @Test func cancellingAndTimeoutsReachTheWorker() throws {
        let script = "say '{\"type\":\"ready\"}'; hear task; say '{\"type\":\"accepted\"}'; : > busy; sleep 1000"
        let daemon = try daemon(script: script)
        let first = try daemon.submit([prompt("x")])[0]
        try eventually("a busy worker") { daemon.directory.has("busy") }
        let cancelled = try daemon.orchctl("stop", String(first))
        #expect(cancelled.status == 0, "\(cancelled)")
        #expect(try daemon.end(of: first).state == .cancelled)
        var spec = prompt("y")
        spec.timeout = 0.5
        let second = try daemon.submit([spec])[0]
        #expect(try daemon.end(of: second).attempts.map(\.outcome) == [Outcome(.runTimeout)])
        try daemon.finish()
    }

    @Test func aCommandAndAllThatBelongsToItReachesTheWorker() throws {
        let script = """
            say '{"type":"ready"}'; hear task; say '{"type":"accepted"}'; printf '%s' "$line" > $ORCH_RESULT_FILE
            say '{"type":"result","status":"success"}'
            """
        let daemon = try daemon(script: script)
        var spec = TaskSpec(command: ["tar", "-c"])
        spec.labels = ["team": "a"]
        spec.stdin = "in"
        spec.env = ["A": "b"]
        spec.cwd = "/tmp"
        spec.model = "m"
        spec.thinking = .high
        spec.timeout = 60
        let id = try daemon.submit([spec])[0]
        #expect(try daemon.end(of: id).state == .succeeded)
        let text = try daemon.call(.get, GetParameters(id: id, result: true)).result?.text ?? ""
        var task = WorkerTask(id: id, attempt: 1)
        task.command = ["tar", "-c"]
        task.labels = ["team": "a"]
        task.stdin = "in"
        task.env = ["A": "b"]
        task.cwd = "/tmp"
        task.model = "m"
        task.thinking = "high"
        task.timeout = 60
        #expect(try Wire.decode(WorkerTask.self, from: Data(text.utf8)) == task)
        try daemon.finish()
    }
}
