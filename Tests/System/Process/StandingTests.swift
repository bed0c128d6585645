import Foundation
import OrchClient
import OrchProtocol
import Testing

/// What lists, `get` and every verb say of one task agree, in each of its states.
@Suite(.onThreads) struct StandingTests {
    /// A task in a state, as lists call it and as a refusal does.
    private struct Case {
        var id: Int64
        var word: StateFilter
        var sentence: String
    }

    private static func queued(_ id: Int64, _ word: StateFilter, _ sentence: String? = nil) -> Case {
        Case(id: id, word: word, sentence: sentence ?? "is \(word.rawValue)")
    }

    private func daemon() throws -> Daemon {
        let directory = try Directory()
        try directory.write("slots = 0", to: "pools.d/stuck.toml")
        try directory.write("slots = 1", to: "pools.d/asleep.toml")
        return try Daemon(pool: "slots = 3\ngrace = \"100ms\"", directory: directory)
    }

    @Test func everyVerbSaysOfATaskWhatListsSay() throws {
        let daemon = try daemon()
        let hour = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + 3_600_000)
        #expect(try daemon.orchctl("pool", "pause", "asleep").status == 0)
        let failing = try daemon.submit("false")
        let retrying = try daemon.shell("echo >&2 why; exit 3") { ($0.retries, $0.retryDelay) = (1, 3600) }
        let good = try daemon.submit("true")
        let stopped = try daemon.submit("true") { $0.hold = true }
        #expect(try daemon.orchctl("stop", String(stopped)).status == 0)
        let soon = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + 700)
        let late = try daemon.submit("true") { ($0.hold, $0.expires) = (true, soon) }
        try daemon.wait([failing, good, stopped, late])
        try eventually("a retry that waits") { try daemon.task(retrying).waiting == .delayed }
        let running = try daemon.submit("sleep", "1000")
        let paused = try daemon.submit("sleep", "1000")
        try eventually("two that run") { try [running, paused].allSatisfy { try daemon.task($0).state == .running } }
        #expect(try daemon.orchctl("pause", String(paused)).status == 0)
        let waiting = [
            Self.queued(try daemon.submit("true") { $0.pool = "stuck" }, .queued),
            Self.queued(try daemon.submit("true") { $0.hold = true }, .held),
            Self.queued(try daemon.submit("true") { $0.notBefore = hour }, .delayed),
            Self.queued(try daemon.submit("true") { $0.pool = "asleep" }, .paused, "is queued"),
            Self.queued(try daemon.submit("true") { $0.needs = ["gpu"] }, .blocked, "is queued"),
            Self.queued(retrying, .delayed),
        ]
        let live = [
            Case(id: running, word: .running, sentence: "is running"), Case(id: paused, word: .paused, sentence: "is paused"),
        ]
        let over = [
            Case(id: good, word: .succeeded, sentence: "has succeeded"),
            Case(id: failing, word: .failed, sentence: "has failed"),
            Case(id: stopped, word: .cancelled, sentence: "was cancelled"),
            Case(id: late, word: .expired, sentence: "has expired"),
        ]
        for it in waiting + live + over {
            #expect(try daemon.task(it.id).standing == it.word)
            var parameters = ListParameters()
            parameters.states = [it.word]
            let list = try daemon.call(.list, parameters)
            #expect(list.tasks.map(\.id).contains(it.id), "\(it.word)")
            #expect(try daemon.orchctl("show", String(it.id)).output.hasPrefix("task \(it.id)  \(it.word.rawValue)"))
        }
        func refusal(_ call: Call) throws -> String? {
            do {
                _ = try daemon.answer(to: call)
                return nil
            } catch let error as WireError {
                return error.message
            }
        }
        func selection(_ id: Int64) -> TaskSelection { TaskSelection(ids: [id]) }
        func update(_ id: Int64) -> Call {
            var change = UpdateParameters(id: id)
            change.name = "other"
            return Call(.update, change)
        }
        // What is queued in whatever way can be changed, and is then as it was.
        for it in waiting {
            #expect(
                try refusal(Call(.retry, RetryParameters(ids: [it.id])))?.hasPrefix("task \(it.id) \(it.sentence); ") == true,
                "\(it)")
            let isHeld = it.word == .held
            var steps: [(call: Call, changes: Bool)] = [
                (update(it.id), true), (Call(.hold, selection(it.id)), !isHeld), (Call(.pause, selection(it.id)), false),
            ]
            if !isHeld {
                steps += [
                    (Call(.release, selection(it.id)), true), (Call(.release, selection(it.id)), false),
                    (Call(.resume, selection(it.id)), false),
                ]
            }
            for (call, changes) in steps {
                let entry = try Method.hold.decode(daemon.answer(to: call)).tasks[0]
                #expect(entry.state == .queued && entry.unchanged == (changes ? nil : true), "\(it) \(call)")
            }
            #expect(try daemon.task(it.id).standing == it.word, "\(it)")
        }
        for it in live {
            for call in [
                update(it.id), Call(.hold, selection(it.id)), Call(.release, selection(it.id)),
                Call(.retry, RetryParameters(ids: [it.id])),
            ] {
                #expect(try refusal(call)?.hasPrefix("task \(it.id) \(it.sentence); only a ") == true, "\(it) \(call)")
            }
        }
        for it in over {
            for call in [
                update(it.id), Call(.hold, selection(it.id)), Call(.release, selection(it.id)), Call(.pause, selection(it.id)),
                Call(.resume, selection(it.id)),
            ] {
                #expect(try refusal(call)?.hasPrefix("task \(it.id) \(it.sentence); only a ") == true, "\(it) \(call)")
            }
        }
        #expect(
            try refusal(Call(.retry, RetryParameters(ids: [good])))?.hasPrefix("task \(good) has succeeded; only a ") == true)
        // A time that is shorter than a look is long enough for what has ended, and names what has not.
        let ended = try daemon.orchctl("wait", "--timeout", "1ms", String(good))
        #expect(ended.status == 0 && ended.output == "task \(good) succeeded\n", "\(ended)")
        let one = try daemon.orchctl("wait", "--timeout", "1ms", String(paused))
        #expect(one.status == 6 && one.error.contains("task \(paused) is paused, and continues"), "\(one)")
        let many = try daemon.orchctl("wait", "--timeout", "1ms", String(failing), String(retrying), String(running))
        #expect(many.status == 6 && many.output.hasPrefix("task \(failing) failed"), "\(many)")
        #expect(
            many.error.contains("2 of 3 tasks have not ended in time, and continue; task \(retrying) is delayed: "), "\(many)")
        // What has never run says so, and is not empty without a word.
        for id in [waiting[2].id, stopped] {
            let logs = try daemon.orchctl("logs", String(id))
            #expect(logs.status == 0 && logs.error.contains(id == stopped ? "has never run" : "has not run yet"), "\(logs)")
        }
        try daemon.finish()
    }

    /// A retry of which there is nothing to be seen yet does not hide what came before.
    @Test(arguments: [false, true]) func whatAnAttemptWroteIsShownUntilTheNextOneWrites(follows: Bool) throws {
        let daemon = try Daemon(pool: "slots = 1\ngrace = \"100ms\"")
        let id = try daemon.shell(
            "if [ $ORCH_ATTEMPT = 1 ]; then echo one; echo bad >&2; echo > $ORCH_RESULT_DIR/left; exit 2; fi; "
                + "while [ ! -e gate ]; do sleep 0.02; done; echo two"
        ) { ($0.retries, $0.retryDelay) = (2, 0) }
        try eventually("the second attempt") { try daemon.task(id).attempts.count == 2 }
        if follows {
            let logs = try daemon.start(["logs", "-f", String(id)])
            try logs.output.read("what the first wrote") { $0.text == "one\n" }
            try daemon.directory.write("", to: "gate")
            #expect(try logs.result().output == "one\ntwo\n")
        } else {
            let logs = try daemon.orchctl("logs", String(id))
            #expect(logs.output == "one\n", "\(logs)")
            #expect(
                logs.error == "bad\norchctl: this is what attempt \(id).1 wrote; \(id).2 has written nothing yet\n", "\(logs)")
            let json = try daemon.orchctl("logs", "--json", "--stdout", String(id))
            #expect(json.error.isEmpty && json.output.contains("\"silent\":2"), "\(json)")
            #expect(try daemon.orchctl("logs", "\(id).2").output.isEmpty)
            let files = try daemon.orchctl("files", String(id))
            #expect(
                files.error.contains("\(id).2 has not ended; its files are kept when it has; others have: --attempt 1"),
                "\(files)")
            let fetch = try daemon.orchctl("files", String(id), "left")
            #expect(
                fetch.status == 1 && fetch.error.contains("has not ended") && fetch.error.contains("--attempt 1"), "\(fetch)")
            try daemon.directory.write("", to: "gate")
            try daemon.wait([id])
            #expect(try daemon.orchctl("logs", String(id)).output == "two\n")
            let none = try daemon.orchctl("files", String(id), "--all", "--output", "dir")
            #expect(
                none.error.contains("has left no files; others have: --attempt 1") && !daemon.directory.has("dir"), "\(none)")
        }
        try daemon.finish()
    }

    /// A command that fails has said why: it is told wherever its end is, once, and cleaned.
    @Test func whatAFailedCommandSaidLastIsToldWithItsEnd() throws {
        let daemon = try Daemon(pool: "slots = 2\ngrace = \"100ms\"")
        let cases: [(script: String, reason: String?)] = [
            ("echo out; exit 3", "exited with status 3"),
            ("printf '\\033[31mone\\033[0m\\r\\n\\n  two  \\n' >&2; exit 3", "exited with status 3: one / two"),
            ("printf 'cut off' >&2; exit 1", "exited with status 1: cut off"),
            ("seq 100000 >&2; exit 1", "exited with status 1: 99998 / 99999 / 100000"),
            ("head -c 100000 /dev/zero >&2; exit 1", "exited with status 1"),
            ("echo boom >&2; kill -USR1 $$", "killed by SIGUSR1: boom"),
            ("echo fine >&2", "exited with status 0"),
        ]
        for (script, reason) in cases {
            let record = try daemon.end(of: daemon.shell(script))
            #expect(record.reason == reason && record.attempts.last?.reason == reason, "\(script)")
        }
        let late = try daemon.end(of: daemon.shell("echo begun >&2; sleep 1000") { $0.timeout = 0.3 })
        #expect(late.reason == "ran longer than its timeout of 0.3 s")
        let run = try daemon.orchctl("run", "--", "sh", "-c", "echo why >&2; exit 4")
        #expect(run.status == 4 && run.error == "why\n", "\(run)")
        let id = try daemon.shell("echo why >&2; exit 4")
        for words in [["wait", String(id)], ["list", "--limit", "1"], ["show", String(id)], ["events"]] {
            let told = try daemon.start(words).result()
            #expect(told.output.contains("exited with status 4: why"), "\(words): \(told)")
        }
        try daemon.finish()
    }

    /// A pool that is no longer in the configuration has the workers that are still busy, and no others.
    @Test func aRemovedPoolHasNoIdleWorkers() throws {
        let directory = try Directory()
        try directory.write("slots = 3\ngrace = \"100ms\"", to: "pools.d/gone.toml")
        let daemon = try Daemon(pool: "slots = 1", directory: directory)
        let id = try daemon.submit("sleep", "1000") { $0.pool = "gone" }
        try eventually("it runs") { try daemon.task(id).state == .running }
        try FileManager.default.removeItem(atPath: directory.file("pools.d/gone.toml"))
        #expect(try daemon.orchctl("reload").status == 0)
        for _ in 0..<2 {
            let status = try daemon.orchctl("status").output
            #expect(status.contains("gone     removed  –"), "\(status)")
            #expect(status.split(separator: "\n").filter { $0.hasPrefix("gone/") }.count == 1, "\(status)")
            let workers = try daemon.call(.workerList, WorkerListParameters()).workers
            #expect(workers.map(\.name) == ["default/1", "gone/1"])
            // The next engine has never known the pool.
            try daemon.killEngine()
        }
        _ = try daemon.orchctl("stop", String(id))
        try daemon.wait([id])
        #expect(try daemon.status().pools.map(\.name).contains("default"))
        #expect(try !daemon.orchctl("status").output.contains("gone/"))
        try daemon.finish()
    }

    /// A list that is cut says so, on standard error, and how to have the rest.
    @Test func whatIsCutSaysSo() throws {
        let daemon = try Daemon()
        let ids = try daemon.submit((0..<55).map { _ in TaskSpec(command: ["true"]) })
        try daemon.wait(ids)
        let all = try daemon.status()
        let first = try #require(all.firstEvent)
        #expect(first == 1)
        for words in [["list"], ["results"], ["events"]] {
            for json in [[], ["--json"]] {
                let cut = try daemon.start(words + json).result()
                #expect(cut.status == 0 && cut.error.contains("orchctl: these are the "), "\(words + json): \(cut.error)")
                #expect(json.isEmpty || cut.output.split(separator: "\n").allSatisfy { $0.hasPrefix("{") }, "\(words)")
            }
        }
        let more = try #require(try daemon.orchctl("events").error.split(separator: " ").last.map(String.init))
        let whole = try daemon.orchctl("events", "--after", more.trimmingCharacters(in: .newlines))
        #expect(whole.error.isEmpty && whole.output.split(separator: "\n").count == all.lastEvent, "\(whole.error)")
        try daemon.finish()
    }
}
