import Foundation
import OrchClient
import OrchProtocol
import Testing

/// One rule for a value, whichever door it comes in by: the same verdict, and a sentence with the field, the value and the range.
@Suite(.onThreads) struct ValueTests {
    private struct Field {
        /// In the protocol; the option of orchctl is named alike.
        var name: String
        /// Values as JSON and as on the command line.
        var good: [(json: String, text: String)]
        var bad: [(json: String, text: String)]
        /// What a complaint says of the range, in the protocol and on the command line.
        var range: (json: String, text: String)
        var isInUpdate = false
        /// Its key in a pool's file.
        var isInPool = false
    }

    private static func same(_ values: String...) -> [(json: String, text: String)] { values.map { ($0, $0) } }

    private static func quoted(_ values: String...) -> [(json: String, text: String)] {
        values.map { (json: String(decoding: (try? Wire.line($0)) ?? Data(), as: UTF8.self), text: $0) }
    }

    private static let seconds = (
        good: [("0.001", "1ms"), ("1", "1s"), ("315360000", "3650d")],
        bad: [("0", "0"), ("-1", "-1s"), ("315360001", "3650d1s"), ("1e30", "9e99"), ("\"5x\"", "5x"), ("0.0001", "0.1ms")]
    )

    private static let fields: [Field] = [
        Field(
            name: "priority", good: same("-1000000", "0", "1000000"),
            bad: same("-1000001", "1000001", "5.5", "1e30", "99999999999999999999") + [("\"high\"", "high"), ("true", "")],
            range: ("from -1000000 to 1000000", "from -1000000 to 1000000"), isInUpdate: true),
        Field(
            name: "retries", good: same("0", "1000"),
            bad: same("-1", "1001", "5.5", "1e30") + [("\"two\"", "two"), ("[]", "")],
            range: ("from 0 to 1000", "from 0 to 1000"), isInUpdate: true, isInPool: true),
        Field(
            name: "timeout", good: seconds.good, bad: seconds.bad, range: ("from 0.001 to 315360000", "from 1ms to 3650d"),
            isInUpdate: true, isInPool: true),
        Field(
            name: "idle_timeout", good: seconds.good, bad: seconds.bad,
            range: ("from 0.001 to 315360000", "from 1ms to 3650d"), isInPool: true),
        Field(
            name: "retry_delay", good: [("0", "0")] + seconds.good, bad: Array(seconds.bad[1...4]),
            range: ("from 0 to 315360000", "from 0ms to 3650d")),
        Field(
            name: "name", good: quoted("x", String(repeating: "n", count: 200), "-nn", "- n", "ü"),
            bad: quoted("", String(repeating: "n", count: 201), "a\u{1B}[31m", "a\nb", "\u{7F}", "\u{9B}31mX") + [("5", "")],
            range: ("1 to 200 bytes", "1 to 200 bytes"), isInUpdate: true),
        Field(
            name: "key", good: [], bad: quoted("", String(repeating: "k", count: 257), "a\tb", "a\u{85}b"),
            range: ("1 to 256 bytes", "1 to 256 bytes")),
        Field(
            name: "model", good: quoted("m"), bad: quoted("", String(repeating: "m", count: 201), "a\u{1}b"),
            range: ("1 to 200 bytes", "1 to 200 bytes")),
        Field(
            name: "resources.memory", good: [("1048576", "1M"), ("2147483648", "2GB")],
            bad: [("1048575", "1023K"), ("0", "0"), ("1.5", "1.5"), ("\"2 X\"", "2 X"), ("-1", "-1")],
            range: ("from 1048576 to 9007199254740992", "at least 1M"), isInPool: true),
        Field(
            name: "resources.cpu", good: same("0.01", "4096"), bad: same("0", "4097", "-1") + [("\"two\"", "two")],
            range: ("from 0.01 to 4096", "from 0.01 to 4096"), isInPool: true),
        Field(
            name: "resources.pids", good: same("1", "4194304"), bad: same("0", "4194305", "1.5") + [("\"x\"", "x")],
            range: ("from 1 to 4194304", "from 1 to 4194304"), isInPool: true),
    ]

    private func task(_ field: Field, _ json: String) -> String {
        field.name.hasPrefix("resources.")
            ? #"{"command":["true"],"hold":true,"resources":{"\#(field.name.dropFirst(10))":\#(json)}}"#
            : #"{"command":["true"],"hold":true,"\#(field.name)":\#(json)}"#
    }

    private func option(_ field: Field) -> String {
        "--" + field.name.replacingOccurrences(of: "resources.", with: "").replacingOccurrences(of: "_", with: "-")
    }

    /// Values that are no single word: a complaint begins with the field, and says what was given.
    @Test(
        arguments: [
            ("needs", #"["a b"]"#, "\"a b\""),
            ("needs", "[" + Array(repeating: "\"a\"", count: 33).joined(separator: ",") + "]", "33"),
            ("retry_on", "[]", "none"), ("retry_on", #"["boom"]"#, "boom"), ("cwd", #""rel""#, "rel"),
            ("cwd", "\"/" + String(repeating: "a", count: 5000) + "\"", "5001"), ("env", #"{"A=B":"x"}"#, "A=B"),
            ("env", #"{"":"x"}"#, "no \"=\""), ("env", #"{"ORCH_X":"1"}"#, "ORCH_X"), ("env", #"{"A":"x\u0000"}"#, "NUL"),
            ("thinking", #""hard""#, "hard"), ("not_before", #""soon""#, "soon"),
            ("expires", #""2020-01-01T00:00:00Z""#, "2020-01-01"),
            ("resources", #"{"memory_high":1}"#, "1"), ("resources", #"{"swap":-1}"#, "-1"),
            ("resources", #"{"cpu_weight":0}"#, "0"),
            ("resources", #"{"io_weight":10001}"#, "10001"), ("labels", #"{"":"x"}"#, "1 to 200 bytes"),
        ])
    func everyComplaintNamesFieldAndValue(_ field: String, _ json: String, _ given: String) throws {
        let daemon = try Daemon()
        let task = #"{"command":["true"],"hold":true,"\#(field)":\#(json)}"#
        let answer = try RawClient(daemon).ask(#"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":\#(task)}"#)
        let error = try #require(answer.error, "\(task) is taken")
        #expect(error.kind == .invalidParameter && error.message.hasPrefix("\"\(field)"), "\(error)")
        #expect(error.message.contains(given), "\(error)")
        let batch = try daemon.orchctl("submit", "--batch", "-", input: Array("\n\(task)\n".utf8))
        #expect(batch.status == 2 && batch.error.hasPrefix("orchctl: line 2 of standard input: \"\(field)"), "\(batch)")
        #expect(batch.error.contains(given), "\(batch)")
        try daemon.finish()
    }

    @Test func everyDoorHasTheSameRule() throws {
        let daemon = try Daemon()
        let client = try RawClient(daemon)
        let held = try daemon.submit("true") { $0.hold = true }
        for field in Self.fields {
            for (values, isGood) in [(field.good, true), (field.bad, false)] {
                for value in values {
                    let (json, text) = value
                    // The protocol.
                    let line = #"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":\#(task(field, json))}"#
                    let answer = try client.ask(line)
                    #expect((answer.error == nil) == isGood, "\(line): \(String(describing: answer.error))")
                    if let error = answer.error {
                        #expect(error.kind == .invalidParameter && error.data?.field == field.name, "\(line): \(error)")
                        #expect(error.message.hasPrefix("\"\(field.name)\" must be "), "\(line): \(error.message)")
                        #expect(error.message.contains(field.range.json), "\(line): \(error.message)")
                    }
                    // A line of a batch.
                    let batch = try daemon.orchctl("submit", "--batch", "-", input: Array("\n\(task(field, json))\n".utf8))
                    #expect(batch.status == (isGood ? 0 : 2), "\(line): \(batch)")
                    if !isGood {
                        let begin = "orchctl: line 2 of standard input: \"\(field.name)\" must be "
                        #expect(batch.error.hasPrefix(begin) && batch.error.contains(field.range.json), "\(batch)")
                    }
                    // A change.
                    if field.isInUpdate {
                        let line =
                            #"{"jsonrpc":"2.0","id":1,"method":"task.update","params":{"id":\#(held),"\#(field.name)":\#(json)}}"#
                        let answer = try client.ask(line)
                        #expect((answer.error == nil) == isGood, "\(line): \(String(describing: answer.error))")
                        #expect(answer.error?.message.contains(field.range.json) ?? true, "\(line)")
                    }
                    // Types that a command line has not.
                    guard !text.isEmpty || json == "\"\"" else { continue }
                    for verb in [["submit", "--hold"], field.isInUpdate ? ["update", String(held)] : []] where !verb.isEmpty {
                        let command = verb + [option(field), text] + (verb[0] == "submit" ? ["--", "true"] : [])
                        let result = try daemon.start(command).result()
                        #expect(result.status == (isGood ? 0 : 2), "\(command): \(result)")
                        guard !isGood else { continue }
                        #expect(result.error.hasPrefix("orchctl: \(option(field)) must be "), "\(command): \(result.error)")
                        #expect(
                            result.error.contains(field.range.text) || result.error.contains("a duration such as"),
                            "\(command): \(result.error)")
                    }
                }
            }
        }
        try daemon.finish()
    }

    @Test func theConfigurationHasItToo() throws {
        let directory = try Directory()
        try directory.write("", to: "orchd.toml")
        for field in Self.fields where field.isInPool {
            let key = field.name.replacingOccurrences(of: "resources.", with: "")
            let isTime = key.hasSuffix("timeout")
            for (values, isGood) in [(field.good, true), (field.bad, false)] {
                for (json, text) in values where !text.isEmpty {
                    let value = isTime ? "\"\(text)\"" : json
                    try directory.write("slots = 1\n\(key) = \(value)\n", to: "pools.d/default.toml")
                    let check = try self.check(directory)
                    #expect((check.status == 0) == isGood, "\(key) = \(value): \(check)")
                    guard !isGood, json != "1e30", json != "99999999999999999999" else { continue }
                    #expect(check.error.contains("pools.d/default.toml:2: \(key) must be "), "\(key) = \(value): \(check)")
                    #expect(check.error.contains(field.range.text), "\(key) = \(value): \(check)")
                }
            }
        }
    }

    /// A NUL would cut the value off where a program gets it.
    @Test(
        arguments: [
            ("pools.d/default.toml", #"env = { A = "x\u0000y" }"#, "env"),
            ("pools.d/default.toml", #"env = { "A\u0000" = "x" }"#, "env"),
            ("pools.d/default.toml", #"path = "/usr/bin\u0000:/bin""#, "path"),
            ("pools.d/default.toml", #"user = "x\u0000""#, "user"),
            ("pools.d/default.toml", "kind = \"warm\"\ncommand = [\"/bin/w\", \"\\u0000\"]", "command"),
            ("pools.d/default.toml", #"programs = ["/bin/a\u0000b"]"#, "programs"),
            ("pools.d/default.toml", #"path = "/a\u001b""#, "path"),
            ("agents/a.toml", #"argv = ["/usr/bin/printf", "a\u0000b", "{prompt}"]"#, "argv"),
            ("agents/a.toml", #"argv = ["/usr/bin/printf", ["-m", "a\u0000b{model}"]]"#, "argv"),
            ("agents/a.toml", "argv = [\"x\"]\nenv = { A = \"\\u0000\" }", "env"),
            ("agents/a.toml", "argv = [\"x\"]\nunset = [\"A\\u0000\"]", "unset"),
            ("agents/a.toml", "argv = [\"x\"]\nmodel = \"a\\u0000\"", "model"),
            ("agents/a.toml", "argv = [\"x\"]\nversion = [\"\\u0000\"]", "version"),
            ("agents/a.toml", "argv = [\"x\"]\n[thinking]\nlow = \"\\u0000\"", "low"),
            ("orchd.toml", "[daemon]\nsocket = \"/a\\u0000\"", "socket"),
            ("orchd.toml", "[access]\nadmin_groups = [\"a\\u0000\"]", "admin_groups"),
            ("orchd.toml", "[alias]\ncheap = \"a\\u0000b\"", "cheap"),
            ("orchd.toml", "[[route]]\nmatch = { pattern = \"a\\u0000\" }\nset = { model = \"m\" }", "match"),
            ("orchd.toml", "[[route]]\nset = { model = \"a\\u001bm\" }", "model"),
        ] as [(String, String, String)])
    func aNULInTheConfigurationIsNamed(_ file: String, _ text: String, _ key: String) throws {
        let directory = try Directory()
        try directory.write("", to: "orchd.toml")
        try directory.write(text, to: file)
        let check = try self.check(directory)
        #expect(check.status == 78, "\(check)")
        let place = try Regex("\(NSRegularExpression.escapedPattern(for: file)):[0-9]+: .*\\b\(key)\\b")
        #expect(check.error.contains(place) && (check.error.contains("NUL") || check.error.contains("U+00")), "\(check)")
    }

    private func check(_ directory: Directory) throws -> Daemon.Result {
        try Daemon.Running(
            ["check", "--config", directory.file("orchd.toml")], of: "orchd", environment: Daemon.environment(directory),
            directory: directory, input: []
        ).result()
    }

    @Test func timesThatCanNeverBeAreRefused() throws {
        let daemon = try Daemon()
        func expect(_ words: String..., says text: String, status: Int32 = 2) throws {
            let result = try daemon.start(words + ["--", "true"]).result()
            #expect(result.status == status && result.error.contains(text), "\(words): \(result)")
        }
        try expect("submit", "--expires", "2020-01-01", says: "--expires must be in the future, and \"2020-01-01\" is past")
        try expect("submit", "--expires", "yesterday", says: "--expires must be in the future")
        try expect("submit", "--not-before", "yesterday", says: "--not-before must be in the future")
        try expect("submit", "--expires", "+1m", "--not-before", "+1h", says: "--expires must be later than \"not_before\"")
        try expect("submit", "--expires", "+1h", "--not-before", "+1h", says: "--expires must be later than")
        let line = #"{"command":["true"],"expires":"2020-01-01T00:00:00Z"}"#
        let batch = try daemon.orchctl("submit", "--batch", "-", input: Array("\(line)\n".utf8))
        #expect(
            batch.status == 2 && batch.error.contains("line 1 of standard input: \"expires\" must be in the future"),
            "\(batch)")
        // Late is better than never.
        let late = #"{"command":["true"],"not_before":"2020-01-01T00:00:00Z"}"#
        let taken = try daemon.orchctl("submit", "--batch", "-", input: Array("\(late)\n".utf8))
        #expect(taken.status == 0 && taken.error.contains("is past: it may start at once"), "\(taken)")
        let held = try daemon.submit("true") {
            $0.hold = true
            $0.expires = Timestamp(milliseconds: 4_000_000_000_000)
        }
        let changed = try daemon.orchctl("update", String(held), "--not-before", "2099-01-01")
        #expect(
            changed.status == 2 && changed.error.contains("--not-before must be earlier than the task expires"), "\(changed)")
        for verb in [["logs", String(held)], ["usage"]] {
            let result = try daemon.start(verb + ["--since", "tomorrow"]).result()
            #expect(result.status == 2 && result.error.contains("--since must be in the past"), "\(verb): \(result)")
        }
        try daemon.finish()
    }

    /// Whatever was given otherwise is named, and what was given alike, or not at all, is not.
    @Test(
        arguments: [
            (["-e", "A=2"], "environment"), (["-e", "B=1"], "environment"), (["--cwd", "/tmp"], "directory"),
            (["--stdin", "/dev/null"], "standard input"), (["-e", "A=2", "--cwd", "/tmp"], "environment and directory"),
            (["-e", "A=1"], ""), (["--cwd", "/"], ""), ([], ""),
        ])
    func whatIsOtherwiseUnderTheSameKeyIsNamed(_ options: [String], _ what: String) throws {
        let daemon = try Daemon()
        _ = try daemon.orchctl("submit", "--key", "k", "-e", "A=1", "--cwd", "/", "--", "true")
        let cwd = options.contains("--cwd") ? [] : ["--cwd", "/"]
        let second = try daemon.orchctl(["submit", "--key", "k"] + cwd + options + ["--", "true"])
        #expect(second.output == "1\n" && second.status == 0, "\(second)")
        #expect(what.isEmpty ? second.error.isEmpty : second.error.contains("and another \(what); this"), "\(second)")
        try daemon.finish()
    }

    @Test func theSameKeyForOtherWorkIsSaid() throws {
        let daemon = try Daemon()
        let first = try daemon.orchctl("submit", "--key", "k", "--", "echo", "a")
        let same = try daemon.orchctl("submit", "--key", "k", "--", "echo", "a")
        #expect(same.output == first.output && same.error.isEmpty, "\(same)")
        let other = try daemon.orchctl("submit", "--key", "k", "--", "echo", "b")
        #expect(other.status == 0 && other.output == first.output, "\(other)")
        #expect(other.error.contains("task 1 has the same key and another command; this one was not made"), "\(other)")
        let lines = ["x", "y"].map { #"{"command":["echo","\#($0)"],"key":"twice"}"# + "\n" }.joined()
        let batch = try daemon.orchctl("submit", "--batch", "-", input: Array(lines.utf8))
        #expect(batch.output == "2\n2\n" && batch.error.contains("task 2 has the same key"), "\(batch)")
        let labels = try daemon.orchctl("submit", "-l", "a=b", "-l", "a=c", "--", "true")
        #expect(labels.status == 2 && labels.error.contains("--label gives \"a\" twice"), "\(labels)")
        try daemon.finish()
    }
}
