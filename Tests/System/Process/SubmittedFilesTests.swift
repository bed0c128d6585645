import Foundation
import Glibc
import OrchClient
import OrchProtocol
import TestSupport
import Testing

/// Files that come with tasks.
@Suite(.onThreads) struct SubmittedFilesTests {
    private func bytes(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(11)
        return (0..<count / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
    }

    private func submit(_ daemon: Daemon, _ arguments: String...) throws -> Int64 {
        let result = try daemon.orchctl(["submit"] + arguments)
        #expect(result.status == 0, "\(result)")
        return try #require(Int64(result.output.trimmingCharacters(in: .newlines)))
    }

    private func archives(_ daemon: Daemon) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: daemon.directory.file("state/submitted"))) ?? []
    }

    @Test func eachAttemptFindsThem() throws {
        let daemon = try Daemon()
        let large = bytes(1 << 20)
        try Data(large).write(to: URL(filePath: daemon.directory.file("large:1")))
        try daemon.directory.write("hello\n", to: "ä b.txt")
        let result = daemon.directory.file("seen")
        let script = """
            echo "$ORCH_ATTEMPT" >> '\(result)'; [ "$PWD" = "$ORCH_FILES" ] && [ "$PWD" = "$ORCH_WORKSPACE" ] || exit 9
            cmp 'large:1' '\(daemon.directory.file("large:1"))' && [ "$(cat data/deep/b.txt)" = hello ] || exit 8
            [ "$(stat -c %a data/deep/b.txt)" = 600 ] && rm -r data && echo changed > 'large:1'
            [ "$ORCH_ATTEMPT" = 3 ]
            """
        let workspace = daemon.directory.file("state/work")
        let id = try submit(
            daemon, "--file", daemon.directory.file("large:1"), "--file",
            daemon.directory.file("ä b.txt") + ":data/deep/b.txt", "--retries", "1", "--retry-delay", "0", "--cwd", workspace,
            "--", "sh",
            "-c", "exec sh -c \"$0\"", "exit 7")
        // With a directory of its own they are beside its workspace's other files.
        #expect(try daemon.end(of: id).reason == "exited with status 7")
        let pool = try daemon.call(.submit, .one(spec(script, daemon))).all[0].id
        #expect(try daemon.end(of: pool).state == .failed)
        // Neither a restart of the engine nor one of all changes what a retry finds.
        try daemon.killEngine()
        #expect(try daemon.orchctl("retry", String(pool)).status == 0)
        #expect(try daemon.end(of: pool).state == .failed)
        daemon.launcher.signal(SIGTERM)
        try daemon.restart()
        #expect(try daemon.orchctl("retry", String(pool)).status == 0)
        let record = try daemon.end(of: pool)
        #expect(record.state == .succeeded, "\(record.reason ?? "")")
        #expect(try String(contentsOfFile: result, encoding: .utf8) == "1\n2\n3\n")
        let shown = try daemon.orchctl("show", String(pool)).output
        #expect(shown.contains("files         large:1, data/deep/b.txt"), "\(shown)")
        try daemon.finish()
    }

    private func spec(_ script: String, _ daemon: Daemon) throws -> TaskSpec {
        var spec = TaskSpec(command: ["sh", "-c", script])
        spec.files = [
            SubmittedFile(name: "large:1", base64: try Data(contentsOf: URL(filePath: daemon.directory.file("large:1")))),
            SubmittedFile(name: "data/deep/b.txt", base64: Data("hello\n".utf8)),
        ]
        return spec
    }

    @Test func aTaskElsewhereFindsThemByTheVariable() throws {
        let daemon = try Daemon()
        try daemon.directory.write("hello", to: "a.txt")
        let script = "[ \"$PWD\" = / ] && [ \"$ORCH_FILES\" = \"$ORCH_WORKSPACE/.orch-files\" ] && cat \"$ORCH_FILES/b\""
        let run = try daemon.orchctl(
            "run", "--cwd", "/", "--file", daemon.directory.file("a.txt") + ":b", "--", "sh", "-c", script)
        #expect(run.status == 0 && run.output == "hello", "\(run)")
        let none = try daemon.orchctl("run", "--", "sh", "-c", "echo \"${ORCH_FILES-none}\"")
        #expect(none.output == "none\n")
        try daemon.finish()
    }

    @Test func whatIsNoGoodLeavesNothing() throws {
        let daemon = try Daemon(pool: "slots = 0\n", configuration: "[limits]\nsubmitted_files = \"1M\"\nqueued = 2\n")
        func refusal(_ specs: [TaskSpec]) throws -> WireError? {
            do {
                _ = try daemon.call(.submit, .many(specs))
                return nil
            } catch let error as WireError {
                return error
            }
        }
        func spec(_ names: String..., size: Int = 1) -> TaskSpec {
            var spec = TaskSpec(command: ["true"])
            spec.files = names.map { SubmittedFile(name: $0, base64: Data(count: size)) }
            return spec
        }
        for name in [
            "", "/etc/passwd", "..", "../x", "a/../b", "a//b", "./a", "a/", "a\u{0}b", "a\nb", ".orch-result", ".orch-files/x",
        ] {
            let error = try refusal([spec("good"), spec("ok", name)])
            #expect(
                error?.kind == .invalidParameter && error?.data?.field == "[1].files[1].name",
                "\(name): \(error.map { "\($0)" } ?? "")")
        }
        for names in [["a", "a"], ["a", "a/b"], ["a/b", "a"]] {
            var twice = spec()
            twice.files = names.map { SubmittedFile(name: $0, base64: Data()) }
            #expect(try refusal([twice])?.kind == .invalidParameter, "\(names)")
        }
        #expect(try refusal([spec("a", size: (25 << 20) + 1)])?.kind == .invalidParameter)
        #expect(try refusal([spec("a", size: 600_000), spec("b", size: 600_000)])?.kind == .storageFull)
        // Taken and then refused, for another reason.
        #expect(try refusal([spec("a"), spec("b"), spec("c")])?.kind == .tooBusy)
        // More than half of the limit: there is no room for it a second time.
        var keyed = spec("a", size: 600_000)
        keyed.key = "k"
        #expect(try refusal([keyed]) == nil)
        let again = try daemon.call(.submit, .one(keyed)).all[0]
        #expect(!again.created && again.warning == nil)
        keyed.files?[0].name = "b"
        #expect(try daemon.call(.submit, .one(keyed)).all[0].warning?.contains("another files") == true)
        try eventually("the rest to be gone") { archives(daemon).count == 1 }
        // What a crash leaves goes at the next start.
        try daemon.directory.write("left", to: "state/submitted/left")
        try daemon.killEngine()
        _ = try daemon.call(.version)
        #expect(archives(daemon).count == 1 && !archives(daemon).contains("left"))
        try daemon.finish()
    }

    @Test func aPoolOfWarmWorkersTakesNone() throws {
        let daemon = try Daemon(pool: "slots = 1\nkind = \"warm\"\ncommand = [\"/bin/true\"]\n")
        try daemon.directory.write("hello", to: "a.txt")
        let refused = try daemon.orchctl("submit", "--file", daemon.directory.file("a.txt"), "--", "true")
        #expect(refused.status != 0 && refused.error.contains("a task brings them no files"), "\(refused)")
        #expect(archives(daemon).isEmpty)
        try daemon.finish()
    }

    /// Somebody's 25 MiB are nobody else's wait.
    @Test func othersAreServedMeanwhile() throws {
        let daemon = try Daemon()
        var spec = TaskSpec(command: ["sh", "-c", "cksum < f"])
        spec.files = [SubmittedFile(name: "f", base64: Data(bytes(25 << 20)))]
        let line = try Wire.line(Request(id: .number(1), call: Call(.submit, .one(spec)))) + [UInt8(ascii: "\n")]
        let large = try daemon.connect()
        let id = try large.send(Call(.submit, .one(spec)))
        #expect(line.count < Wire.maximumSubmissionLength)
        _ = try daemon.call(.version, NoParameters(), within: 5)
        let task = try Method.submit.decode(large.answer(to: id)).all[0].id
        #expect(try daemon.end(of: task).state == .succeeded)
        try daemon.finish()
    }
}
