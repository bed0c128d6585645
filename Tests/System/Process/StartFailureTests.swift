import Foundation
import Glibc
import OrchProtocol
import Testing

/// Tasks that cannot be started say why, in a sentence.
@Suite(.onThreads) struct StartFailureTests {
    @Test func everyReasonIsASentence() throws {
        let daemon = try Daemon()
        try daemon.directory.write("not a program", to: "text")
        try daemon.directory.write("\u{7F}garbage", to: "garbage")
        chmod(daemon.directory.file("garbage"), 0o755)
        try daemon.directory.write("#!/no/such/interpreter\n", to: "script")
        chmod(daemon.directory.file("script"), 0o755)
        let file = daemon.directory.file
        let long = [String](repeating: String(repeating: "x", count: 100_000), count: 20)
        let cases: [(spec: TaskSpec, says: String)] = [
            (TaskSpec(command: ["nosuch"]), "cannot start \"nosuch\": not found in PATH (/usr/local/bin:/usr/bin:/bin)"),
            (TaskSpec(command: [file("nosuch")]), "there is no such file"),
            (TaskSpec(command: [file("text")]), "not executable"),
            (TaskSpec(command: [file("garbage")]), "neither a program nor a script"),
            (TaskSpec(command: [file("script")]), "the interpreter or loader that it names is missing"),
            (TaskSpec(command: [daemon.directory.path]), "is a directory"),
        ]
        // What is no directory when it is submitted is refused then; these were one.
        let places: [(spec: TaskSpec, says: String)] = ["gone", "plain"].map { name in
            mkdir(file(name), 0o755)
            var spec = TaskSpec(command: ["true"])
            (spec.cwd, spec.hold) = (file(name), true)
            let problem = name == "gone" ? "No such file" : "Not a directory"
            return (spec, "cannot enter the directory \"\(file(name))\": \(problem)")
        }
        let all = cases + places
        let ids = try daemon.submit(all.map(\.spec))
        for name in ["gone", "plain"] { rmdir(file(name)) }
        try daemon.directory.write("no directory", to: "plain")
        _ = try daemon.orchctl(["release"] + ids.suffix(2).map { String($0) })
        let ends = try daemon.wait(ids)
        for (record, expected) in zip(ends, all) {
            #expect(record.state == .failed && record.attempts.last?.outcome?.kind == .spawnFailed, "\(record.reason ?? "")")
            #expect(record.reason?.contains(expected.says) ?? false, "\(record.reason ?? "none"), not \(expected.says)")
        }
        // What no kernel takes is not even queued.
        let many = [String](repeating: "x", count: 839_000)
        for command in [["true", String(repeating: "x", count: 200_000)], ["true"] + long + long, ["true"] + many] {
            let refused = #expect(throws: WireError.self) { try daemon.submit([TaskSpec(command: command)]) }
            #expect(refused?.kind == .invalidParameter)
        }
        // What is queued is no more than the kernel takes.
        for command in [["true"] + long, ["true"] + [String](repeating: "x", count: 200_000)] {
            #expect(try daemon.wait(daemon.submit([TaskSpec(command: command)])).first?.state == .succeeded)
        }
        let run = try daemon.orchctl("run", "--", "nosuch")
        #expect(run.status == 127 && run.error.contains("not found in PATH"), "\(run)")
        let id = try daemon.submit("true")
        #expect(try daemon.end(of: id).state == .succeeded)
        try daemon.finish()
    }

    @Test func aPromptThatNoArgumentHoldsIsRefusedAtSubmit() throws {
        let directory = try Directory()
        try directory.write("argv = [\"echo\", \"{prompt}\"]\nprompt = \"argument\"\n", to: "agents/echo.toml")
        let daemon = try Daemon(pool: "slots = 1\nagent = \"echo\"", directory: directory)
        let longest = String(repeating: "x", count: 131_071)
        let id = try daemon.submit([TaskSpec(prompt: longest)])[0]
        #expect(try daemon.end(of: id).state == .succeeded)
        let error = try #require(throws: WireError.self) { try daemon.submit([TaskSpec(prompt: longest + "x")]) }
        #expect(error.data?.field?.hasSuffix("prompt") ?? false)
        #expect(error.message.contains("takes prompts of at most 131071 bytes, as an argument, and this prompt has 131072"))
        try daemon.finish()
    }
}
