import Foundation
import Glibc
import OrchProtocol
import Testing

/// Many tasks by one command: made, selected, changed and removed.
@Suite(.onThreads) struct SelectionTests {
    private func ids(_ result: Daemon.Result) throws -> [Int64] {
        #expect(result.status == 0, "\(result)")
        return result.output.split(separator: "\n").compactMap { Int64($0) }
    }

    @Test func tasksAreSelectedByWhatTheyHaveInCommon() throws {
        let daemon = try Daemon()
        func run(_ words: String...) throws -> String {
            let result = try daemon.orchctl(words)
            #expect(result.status == 0, "\(words): \(result)")
            return result.output
        }
        let good = try ids(daemon.orchctl("submit", "--array", "1-3", "-n", "good-{}", "-lbatch=b1", "--", "true"))
        let bad = try ids(daemon.orchctl("submit", "--array", "1-2", "-n", "bad-{}", "-lbatch=b1", "--", "false"))
        #expect(try daemon.orchctl("wait", "-l", "batch=b1").status == 1)
        let held = try ids(daemon.orchctl("submit", "--array", "5,7", "--hold", "-n", "bad-{}", "--", "true"))
        #expect(try run("list", "-q", "--failed") == bad.reversed().map { "\($0)\n" }.joined())
        #expect(try run("ls", "-q", "-n", "bad-*", "-s", "held") == held.reversed().map { "\($0)\n" }.joined())
        #expect(try run("list", "-q", "-n", "good-2") == "\(good[1])\n")
        #expect(try run("show", "@last").contains("bad-7") && run("show", "@~1").contains("bad-5"))

        #expect(try run("release", "--name", "bad-7") == "task \(held[1]) released\n")
        #expect(try run("stop", "\(good[0])-\(held[1])") == "task \(held[0]) stopped\n" || daemon.task(held[1]).state.isFinal)
        try daemon.wait(held)
        // What does not fit is not among them.
        #expect(try run("retry", "--failed", "-l", "batch=b1") == bad.map { "task \($0) queued again\n" }.joined())
        try daemon.wait(bad)
        #expect(try run("hold", "-l", "batch=b1") == "no task was held\n")
        #expect(try run("retry", "-n", "good-*") == "no task was queued again\n")

        // By their ids it is all or none.
        let some = try daemon.submit("true") { $0.hold = true }
        let refused = try daemon.orchctl("clean", "\(bad[0])", "\(some)")
        #expect(
            refused.status == 1 && refused.error.contains("task \(some) is held; only a task that has ended can be removed"))
        #expect(try run("clean", "--failed") == bad.map { "task \($0) removed\n" }.joined())
        #expect(try run("rm", "--older", "1h") == "no task was removed\n")
        #expect(try run("clean", "\(good[0])-\(good[1])") == good.prefix(2).map { "task \($0) removed\n" }.joined())
        #expect(try run("clean", "--all-ended") == [good[2], held[0], held[1]].map { "task \($0) removed\n" }.joined())
        #expect(try run("list", "-q") == "\(some)\n")
        #expect(try daemon.orchctl("logs", "\(good[0])").status == 4)
        // Nothing is left of them.
        let output = daemon.directory.file("state")
        try eventually("the end of their files") {
            FileManager.default.enumerator(atPath: output)?.allObjects.compactMap { $0 as? String }.contains {
                $0.split(separator: "/").last.map { name in good.contains { name.hasPrefix("\($0).") } } ?? false
            } == false
        }
        try daemon.finish()
    }

    /// The daemon asks nobody; a person at a terminal is asked.
    @Test func manyAreConfirmedAtATerminal() throws {
        let daemon = try Daemon()
        let ids = try ids(daemon.orchctl("submit", "--array", "1-101", "--hold", "-lx=y", "--", "true"))
        func atTerminal(_ command: String, _ answer: String) throws -> Daemon.Result {
            var environment = Daemon.environment(daemon.directory)
            environment["ORCHD_SOCKET"] = daemon.socket
            environment["PATH"] = "\(Program.folder):/usr/bin:/bin"
            return try Daemon.Running(
                ["-qec", command, "/dev/null"], of: "/usr/bin/script", environment: environment, directory: daemon.directory,
                input: Array(answer.utf8)
            ).result()
        }
        let refused = try atTerminal("orchctl stop -l x=y", "n\n")
        #expect(refused.status == 1 && refused.output.contains("101 tasks would be stopped. Continue? [y/N]"), "\(refused)")
        #expect(refused.output.contains("nothing was changed"))
        #expect(try atTerminal("orchctl stop --all", "\n").status == 1)
        #expect(try daemon.task(ids[0]).state == .queued)
        #expect(try atTerminal("orchctl stop -l x=y", "y\n").output.contains("101 tasks stopped"))
        #expect(try atTerminal("orchctl clean --yes -l x=y", "").output.contains("101 tasks removed"))
        try daemon.finish()
    }

    @Test func aTaskForEachLine() throws {
        let daemon = try Daemon()
        let lines = Array("a b.c\n\n$HOME;\n".utf8) + [0xFF, 0x0A]
        let each = try ids(daemon.orchctl(["submit", "--each", "-", "--wait", "--", "printf", "<%s>", "x{}{}"], input: lines))
        #expect(
            try each.map { try daemon.orchctl("logs", "\($0)").bytes } == [
                Array("<xa b.ca b.c>".utf8), Array("<x$HOME;$HOME;>".utf8), Array("<x".utf8) + [0xFF, 0xFF] + Array(">".utf8),
            ])
        let shell = try ids(
            daemon.orchctl(["submit", "--lines", "-", "--wait"], input: Array("echo a | tr a b\n\necho $((2+3))".utf8)))
        #expect(try shell.map { try daemon.orchctl("result", "\($0)").output } == ["b\n", "5\n"])
        // The last that was submitted, without an id.
        #expect(try daemon.orchctl("logs", "-n1").output == "5\n")
        // All or none, and by the line.
        let named = try daemon.orchctl(
            ["submit", "--each", "-", "-n", "{}", "--", "echo", "{}"], input: Array("ok\n".utf8) + [0xFF])
        #expect(named.status == 2 && named.error.contains("line 2 of standard input"), "\(named)")
        let long = Array("ok\n\n".utf8) + [UInt8](repeating: 0x61, count: 300)
        let refused = try daemon.orchctl(["submit", "--each", "-", "-n", "{}", "--", "echo", "{}"], input: long)
        #expect(refused.status != 0 && refused.error.contains("line 3 of standard input"), "\(refused)")
        for words in [
            ["--each", "-", "--", "true"], ["--lines", "-", "--", "true"], ["--each", "-", "--lines", "-", "--", "{}"],
            ["--array", "1-3", "--key", "k", "--", "true"], ["--array", "1-100%10", "--", "true"], ["--lines", "/dev/null"],
        ] {
            #expect(try daemon.orchctl(["submit"] + words, input: Array("a\n".utf8)).status == 2, "\(words)")
        }
        // Twice with the same keys makes one of each.
        let keyed = ["submit", "--array", "1-3", "--key", "k-{}", "--", "true"]
        #expect(try ids(daemon.orchctl(keyed)) == ids(daemon.orchctl(keyed)))
        try daemon.finish()
    }

    /// Tasks of others are left out of a selection, and named as such.
    @Test func aSelectionHasOnlyWhatTheUserMayChange() throws {
        guard geteuid() == 0 else { return print("not tested: only root becomes another user") }
        let (one, other) = (61_235, 61_236)
        let daemon = try Daemon(pool: "slots = 0\n")
        daemon.openToAll()
        func submit(_ user: Int) throws -> Int64 {
            try daemon.orchctl(as: user, ["submit", "--hold", "-lx=y", "--", "true"]).id
        }
        let (hers, his) = try (submit(one), submit(other))
        let stopped = try daemon.orchctl(as: one, ["stop", "-l", "x=y"])
        #expect(stopped.status == 0 && stopped.output == "task \(hers) stopped\n", "\(stopped)")
        #expect(stopped.error.contains("left out task \(his): it is not yours"), "\(stopped)")
        #expect(try daemon.orchctl(as: one, ["show", "@last"]).output.contains("\(hers)"))
        #expect(try daemon.orchctl(as: one, ["clean", "--all-ended"]).output == "task \(hers) removed\n")
        #expect(try daemon.task(his).state == .queued)
        // An administrator may.
        #expect(try daemon.orchctl("stop", "-l", "x=y").output == "task \(his) stopped\n")
        try daemon.finish()
    }
}
