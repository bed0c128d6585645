import Foundation
import OrchClient
import OrchProtocol
import Testing

/// Results that must satisfy a schema, of the real daemon.
@Suite(.onThreads) struct ResultSchemaTests {
    private static let schema = #"{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}"#

    private func value(_ text: String = schema) throws -> JSONValue { try JSONValue(Array(text.utf8)) }

    private func result(of id: Int64, _ daemon: Daemon) throws -> TaskRecord {
        try daemon.call(.get, GetParameters(id: id, result: true))
    }

    @Test func theOutputOfACommandIsHeldAgainstIt() throws {
        let daemon = try Daemon()
        let schema = try value()
        let outputs = [#"{"n":1}"#, #"{"n":0}"#, "Here: 1", "", "```json\n{\"n\": 2}\n```\n"]
        let ids = try daemon.submit(
            outputs.map { output in
                var spec = TaskSpec(command: ["printf", "%s", output])
                spec.resultSchema = schema
                return spec
            })
        try daemon.wait(ids)
        let records = try ids.map { try result(of: $0, daemon) }
        #expect(records.map(\.state) == [.succeeded, .failed, .failed, .failed, .succeeded])
        #expect(records[0].resultSchema == schema && records[0].result?.text == outputs[0])
        #expect(records[1].reason == "in the result, /n must be at least 1, not 0")
        #expect(records[1].attempts.last?.outcome == Outcome(.failed, code: 0, failure: .schema))
        #expect(
            records[2].reason?.hasPrefix("the result is not JSON: it has something that is not a JSON value at byte 0") ?? false
        )
        #expect(records[3].reason == "the result is empty, and not JSON")
        #expect(records[4].result?.text == #"{"n": 2}"#)
        try daemon.finish()
    }

    /// A program that takes a schema as a file gets one that it can read, and none where the task asks for none.
    @Test func anAgentGetsTheSchemaAsAFile() throws {
        let directory = try Directory()
        try directory.write(
            #"""
            argv = ["/bin/sh", "-c", """cat "${1-/dev/stdin}" >&2; echo '{"n":1}'""", "sh", ["{schema_file}"]]
            prompt = "stdin"
            """#, to: "agents/taker.toml")
        let daemon = try Daemon(pool: "slots = 2\nagent = \"taker\"", directory: directory)
        let schema = try value()
        let ids = try [schema, nil].flatMap { schema in
            var spec = TaskSpec(prompt: "the prompt")
            spec.resultSchema = schema
            return try daemon.submit([spec])
        }
        #expect(try daemon.wait(ids).map(\.state) == [.succeeded, .succeeded])
        let told = try ids.map { try daemon.orchctl("logs", String($0), "--stderr").error }
        #expect(try JSONValue(Array(told[0].utf8)) == schema)
        #expect(told[1] == "the prompt")
        try daemon.finish()
    }

    @Test func aMismatchIsTriedAgainAndAFailureKeepsItsOwnReason() throws {
        let daemon = try Daemon()
        let script = #"if [ -e again ]; then echo '{"n":7}' > "$ORCH_RESULT_FILE"; else : > again; echo '{"n":"7"}'; fi"#
        let retried = try daemon.shell(script) {
            $0.resultSchema = try? value()
            $0.retries = 1
            $0.retryDelay = 0
        }
        let failed = try daemon.shell("echo no; exit 3") { $0.resultSchema = try? value() }
        let records = try daemon.wait([retried, failed])
        #expect(records.map(\.state) == [.succeeded, .failed])
        let attempts = try daemon.task(retried).attempts
        #expect(attempts.map { $0.outcome?.failure } == [.schema, nil])
        #expect(attempts[0].reason == "in the result, /n must be a whole number, not \"7\"")
        #expect(try daemon.task(failed).attempts.last?.outcome == Outcome(.exited, code: 3))
        try daemon.finish()
    }

    @Test func orchctlReadsTheSchemaOfAFileAndABatchHasItInItsLines() throws {
        let daemon = try Daemon()
        let file = try daemon.directory.write(Self.schema, to: "schema.json")
        let good = try daemon.orchctl("submit", "--result-schema", file, "--wait", "--", "echo", #"{"n":3}"#)
        #expect(good.status == 0, "\(good.error)")
        let bad = try daemon.orchctl("submit", "--result-schema", file, "--wait", "--", "echo", "[]")
        #expect(bad.status == 1 && bad.error.contains("must be an object, not an array of 0"), "\(bad)")
        let line = #"{"command":["echo","{}"],"result_schema":\#(Self.schema)}"#
        let batch = try daemon.directory.write(line + "\n", to: "batch")
        #expect(try daemon.orchctl("submit", "--batch", batch, "--wait").error.contains("must have the member \"n\""))

        let useless = try daemon.directory.write(#"{"properties":{"a":{"$ref":"other.json"}}}"#, to: "useless.json")
        let refused = try daemon.orchctl("submit", "--result-schema", useless, "--", "true")
        #expect(refused.status == 2 && refused.error.contains("at /properties/a: refers to \"other.json\""), "\(refused)")
        let broken = try daemon.directory.write("{", to: "broken.json")
        let unread = try daemon.orchctl("submit", "--result-schema", broken, "--", "true")
        #expect(unread.status == 2 && unread.error.contains("is not JSON"), "\(unread)")
        try daemon.finish()
    }

    @Test func anAgentIsToldTheSchemaAndItsAnswerIsHeldAgainstIt() throws {
        let directory = try Directory()
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let file = "agents/claude.toml"
        try directory.write(String(contentsOf: source.appending(path: "etc/\(file)"), encoding: .utf8), to: file)
        let path = "\(source.appending(path: "Tests/System/Agents").path):/usr/local/bin:/usr/bin:/bin"
        let daemon = try Daemon(
            pool: """
                slots = 1
                agent = "claude"
                path = "\(path)"
                env = { PYTHONDONTWRITEBYTECODE = "1", IS_SANDBOX = "1" }
                """,
            directory: directory)
        var spec = TaskSpec(prompt: "hello")
        spec.resultSchema = try value(#"{"properties":{"asked":{"const":["asked","text"]},"text":{"type":"string"}}}"#)
        var other = spec
        other.resultSchema = try value(#"{"properties":{"text":{"maxLength":3}}}"#)
        let ids = try daemon.submit([spec, other])
        let records = try daemon.wait(ids)
        #expect(records.map(\.state) == [.succeeded, .failed])
        let text = try #require(result(of: ids[0], daemon).result?.text)
        #expect(try JSONValue(Array(text.utf8)) == value(#"{"asked":["asked","text"],"text":"hello"}"#))
        #expect(records[1].reason == "in the result, /text must have at most 3 characters, not 5")
        try daemon.finish()
    }

    /// The worker hears of the schema; whether it says its result or leaves it in a file, and whichever engine hears of it.
    @Test func theResultOfAWarmWorkerIsHeldAgainstIt() throws {
        let directory = try Directory()
        let script = """
            cd '\(directory.path)'; say() { printf '%s\\n' "$1" >&$ORCH_WORKER_FD; }
            say '{"type":"ready"}'; IFS= read -r task <&$ORCH_WORKER_FD; say '{"type":"accepted"}'
            case $task in *'"result_schema":{'*) ;; *) say '{"type":"result","status":"failure","reason":"no schema"}'; exit;; esac
            case $task in
            *file*) echo '{"n":0}' > "$ORCH_RESULT_FILE"; say '{"type":"result","status":"success"}' ;;
            *good*) say '{"type":"result","status":"success","output":"{\\"n\\":5}"}' ;;
            *killed*) say '{"type":"result","status":"success","output":"{\\"n\\":-5}"}'; : > said; until [ -e go ]; do sleep 0.02; done ;;
            *) say '{"type":"result","status":"success","output":"[]"}' ;;
            esac
            """
        let daemon = try Daemon(
            pool: "slots = 1\nkind = \"warm\"\ncommand = [\"/bin/sh\", \"-c\", '''\(script)''']", directory: directory)
        let schema = try value()
        let ids = try daemon.submit(
            ["file", "good", "bad", "killed"].map { prompt in
                var spec = TaskSpec(prompt: prompt)
                spec.resultSchema = schema
                return spec
            })
        try eventually("the result of the last") { directory.has("said") }
        try daemon.killEngine()
        try directory.write("", to: "go")
        try daemon.wait(ids)
        let records = try ids.map { try daemon.task($0) }
        #expect(records.map(\.state) == [.failed, .succeeded, .failed, .failed], "\(records.map(\.reason))")
        #expect(records[0].reason == "in the result, /n must be at least 1, not 0")
        #expect(records[2].reason == "the result must be an object, not an array of 0")
        #expect(records[3].reason == "in the result, /n must be at least 1, not -5")
        #expect([0, 2, 3].allSatisfy { records[$0].attempts.last?.outcome == Outcome(.failed, failure: .schema) })
        try daemon.finish()
    }
}
