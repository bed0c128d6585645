import Foundation
import OrchProtocol
import Testing

/// `--json` is JSON, whatever the verb and whatever comes of it; and each error has its exit status.
@Suite(.onThreads) struct JSONTests {
    /// Every line of the output is one value.
    private func expectPure(_ result: Daemon.Result, _ words: [String]) {
        for line in result.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let value = try? JSONSerialization.jsonObject(with: Data(line.utf8), options: [])
            #expect(value != nil, "\(words): \(line)")
        }
        #expect(result.output.isEmpty || result.output.hasSuffix("\n"), "\(words)")
    }

    @Test func everyVerbPrintsNothingElse() throws {
        let daemon = try Daemon()
        let done = try daemon.submit("sh", "-c", "echo out; echo err >&2; echo x > $ORCH_RESULT_DIR/f")
        #expect(try daemon.end(of: done).state == .succeeded)
        let failed = try daemon.submit("false")
        _ = try daemon.end(of: failed)
        func held() throws -> String { String(try daemon.submit("true") { $0.hold = true }) }
        let long = try daemon.submit("sleep", "1000")
        try eventually("a running task") { try daemon.task(long).state == .running }
        let backup = daemon.directory.file("backup.db")
        let verbs: [[String]] = [
            ["submit", "--hold", "--", "true"], ["submit", "--wait", "--", "true"],
            ["run", "--", "sh", "-c", "printf out; printf err >&2; printf '\\351'"],
            ["wait", String(done)], ["logs", String(done)], ["result", String(done)], ["files", String(done)],
            ["show", String(done)],
            ["list"], ["list", "-a"], ["results"], ["pause", String(long)], ["resume", String(long)], ["stop", String(long)],
            ["retry", String(failed)], ["hold", try held()], ["release", try held()],
            ["update", try held(), "--priority", "3"],
            ["pool", "list"], ["pool", "pause", "default"], ["pool", "resume", "default"], ["pool", "resize", "default", "3"],
            ["pool", "drain", "default"], ["pool", "resume", "default"], ["worker", "list"], ["agent", "list"], ["status"],
            ["usage"],
            ["events"], ["reload"], ["version"], ["doctor"], ["secret"], ["backup", backup],
        ]
        for words in verbs {
            let begin = words.firstIndex(of: "--") ?? words.count
            let json = Array(words[..<begin]) + ["--json"] + Array(words[begin...])
            let result = try daemon.start(json).result()
            #expect(result.status == 0 || words == ["doctor"], "\(json): \(result)")
            #expect(!result.output.isEmpty, "\(json)")
            expectPure(result, json)
        }
        let imported = try daemon.orchctl("import", "--json", "-", input: Array("# nothing\n".utf8))
        expectPure(imported, ["import"])
        #expect(imported.status == 2)
        try daemon.finish()
    }

    /// What goes wrong, with what it exits with and what a program is told.
    @Test func everyErrorHasItsStatusAndItsWord() throws {
        let daemon = try Daemon()
        let held = String(try daemon.submit("true") { $0.hold = true })
        let done = String(try daemon.submit("true"))
        _ = try daemon.end(of: try #require(Int64(done)))
        let ids = ["show", "wait", "logs", "result", "files", "stop", "retry", "hold", "release", "pause", "resume", "clean"]
        var cases: [([String], Int32, String)] = ids.map { ([$0, "999"], 4, "not_found") }
        for verb in ids {
            cases.append(([verb, "abc"], 2, "usage"))
            // Those of the last task are shown.
            if verb != "logs" { cases.append(([verb], 2, "usage")) }
            cases.append(([verb, "--nosuch", "1"], 2, "usage"))
        }
        let others: [([String], Int32, String)] = [
            (["update", "999", "--priority", "1"], 4, "not_found"), (["update", held], 2, "usage"),
            (["update", held, "--pool", "nosuch"], 4, "unknown_pool"), (["update", held, "--priority", "2000000"], 2, "usage"),
            (["submit", "--pool", "nosuch", "--", "true"], 4, "unknown_pool"), (["submit"], 2, "usage"),
            (["submit", "--timeout", "0", "--", "true"], 2, "usage"),
            (["submit", "--name", "", "--", "true"], 2, "invalid_parameter"),
            (["submit", "-e", "ORCH_X=1", "--", "true"], 2, "invalid_parameter"),
            (["submit", "a prompt"], 2, "invalid_parameter"),
            (["list", "--pool", "nosuch"], 4, "unknown_pool"), (["results", "--pool", "nosuch"], 4, "unknown_pool"),
            (["worker", "list", "--pool", "nosuch"], 4, "unknown_pool"), (["stop", "--pool", "nosuch"], 4, "unknown_pool"),
            (["list", "--state", "foo"], 2, "usage"), (["list", "--columns", "foo"], 2, "usage"),
            (["list", "--limit", "0"], 2, "usage"),
            (["pool", "pause", "nosuch"], 4, "unknown_pool"), (["pool", "resize", "default", "-1"], 2, "usage"),
            (["pool", "resize", "default", "x"], 2, "usage"), (["pool", "resize", "nosuch", "1"], 4, "unknown_pool"),
            (["agent", "resume", "nosuch"], 4, "not_found"), (["agent", "test", "nosuch"], 4, "not_found"),
            (["agent", "test"], 2, "usage"),
            (["logs", done, "--attempt", "7"], 4, "not_found"), (["files", done, "--attempt", "7"], 4, "not_found"),
            (["files", held], 1, "failed"), (["files", done, "nosuch"], 4, "not_found"),
            (["retry", done], 1, "invalid_state"), (["release", done], 1, "invalid_state"),
            (["hold", done], 1, "invalid_state"), (["clean", held], 1, "invalid_state"),
            (["wait", "--timeout", "1ms", held], 6, "timed_out"), (["events", "--after", "99999999"], 2, "invalid_parameter"),
            (["usage", "--by", "nosuch"], 2, "usage"), (["nosuch"], 2, "usage"), (["pool", "nosuch"], 2, "usage"),
            (["help", "nosuch"], 2, "usage"),
            (["status", "--socket", "/nonexistent"], 3, "no_daemon"),
            (["run", "--socket", "/nonexistent", "--", "true"], 125, "no_daemon"),
            (["run", "--timeout", "0", "--", "true"], 125, "usage"),
            (["run", "--pool", "nosuch", "--", "true"], 125, "unknown_pool"),
            (["run", "--hold", "--", "true"], 125, "usage"), (["import", "/nonexistent"], 2, "usage"),
            (["submit", "--batch", "/nonexistent"], 2, "usage"),
        ]
        for (words, status, code) in cases + others {
            let begin = words.firstIndex(of: "--") ?? words.count
            let result = try daemon.start(Array(words[..<begin]) + ["--json"] + Array(words[begin...])).result()
            #expect(result.status == status, "\(words): \(result.status), not \(status): \(result.error)")
            #expect(result.output.isEmpty, "\(words): \(result.output)")
            let object = try? JSONSerialization.jsonObject(with: Data(result.error.utf8)) as? [String: [String: Any]]
            let error = object?["error"]
            #expect(error?["code"] as? String == code, "\(words): \(result.error)")
            #expect(
                error?["status"] as? Int == Int(status) && !(error?["message"] as? String ?? "").isEmpty,
                "\(words): \(result.error)")
            // For a person the same, in words.
            let text = try daemon.start(words).result()
            #expect(text.status == status && text.error.hasPrefix("orchctl: "), "\(words): \(text)")
        }
        try daemon.finish()
    }

    @Test func aListThatIsCutSaysSo() throws {
        let daemon = try Daemon()
        var spec = TaskSpec(command: ["true"])
        spec.hold = true
        _ = try daemon.submit(Array(repeating: spec, count: 60))
        for words in [["list"], ["list", "--json"]] {
            let result = try daemon.start(words).result()
            #expect(result.status == 0 && result.error.contains("there are more: --all, --limit, or --cursor 11"), "\(result)")
        }
        let rest = try daemon.orchctl("list", "--cursor", "11", "--columns", "id")
        #expect(rest.error.isEmpty && rest.output.split(separator: "\n").count == 11, "\(rest)")
        for words in [
            ["list", "--all"], ["list", "--limit", "5"], ["list", "--limit", "60"], ["list", "--state", "failed"],
        ] {
            #expect(try daemon.start(words).result().error.isEmpty, "\(words)")
        }
        let stopped = try daemon.orchctl("stop", "--all")
        #expect(stopped.status == 0)
        let results = try daemon.orchctl("results")
        #expect(results.error.contains("there are more: --all or --limit"), "\(results)")
        try daemon.finish()
    }

    /// The tasks are made whether their ids can be printed or not.
    @Test func whatCannotBePrintedIsSaid() throws {
        let daemon = try Daemon()
        func full(_ words: String) throws -> Daemon.Result {
            let orchctl = Program.folder + "/orchctl"
            return try Daemon.Running(
                ["-c", "\(orchctl) \(words) > /dev/full"], of: "../../../../../../../../../bin/sh",
                environment: ["ORCHD_SOCKET": daemon.socket, "PATH": "/usr/bin:/bin"], directory: daemon.directory, input: []
            ).result()
        }
        for words in ["submit --hold -- true", "submit --hold --json -- true"] {
            let result = try full(words)
            #expect(
                result.status == 1 && result.error.contains("task ") && result.error.contains("taken anyway"), "\(result)"
            )
        }
        let paused = try full("pool pause default")
        #expect(paused.status == 1 && paused.error.contains("the request was carried out"), "\(paused)")
        #expect(try daemon.call(.list, ListParameters()).tasks.count == 2)
        try daemon.finish()
    }
}
