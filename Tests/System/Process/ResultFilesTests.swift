import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// Files that tasks leave in ORCH_RESULT_DIR.
@Suite(.onThreads) struct ResultFilesTests {
    private static let leave = "cd $ORCH_RESULT_DIR && cp $HOME/big . && echo hello > 'ä b.txt' && : > empty"

    private func big(_ daemon: Daemon) throws -> [UInt8] {
        var generator = SeededGenerator(7)
        let bytes = (0..<100_000).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        try Data(bytes).write(to: URL(filePath: daemon.directory.file("big")))
        return bytes
    }

    @Test func theyAreListedAndFetched() throws {
        let daemon = try Daemon()
        let bytes = try big(daemon)
        let id = try daemon.shell(Self.leave)
        let record = try daemon.end(of: id)
        #expect(record.state == .succeeded, "\(record)")
        let files = [
            ResultFile(name: "big", size: 800_000), ResultFile(name: "empty", size: 0), ResultFile(name: "ä b.txt", size: 6),
        ]
        #expect(record.attempts[0].files == files && record.attempts[0].leftBehind == nil)
        let list = try daemon.orchctl("files", String(id))
        #expect(list.status == 0 && list.output.contains("ä b.txt") && list.output.contains("781 KiB"), "\(list)")
        let json = try daemon.orchctl("files", "--json", String(id)).output
        #expect(json.hasPrefix(#"{"attempt":1,"files":[{"name":"big","size":800000},"#), "\(json)")
        #expect(try daemon.orchctl("show", String(id)).output.contains("3, 781 KiB: orchctl files \(id)"))
        let one = try daemon.orchctl("files", String(id), "big")
        #expect(one.status == 0 && one.bytes == bytes && one.error == "")
        #expect(try daemon.orchctl("files", String(id), "empty").bytes == [])

        let all = try daemon.orchctl("files", String(id), "--all", "--output", daemon.directory.file("got"))
        #expect(all.status == 0, "\(all)")
        #expect(daemon.directory.bytes("got/big") == bytes && daemon.directory.text("got/ä b.txt") == "hello\n")
        var status = stat()
        #expect(stat(daemon.directory.file("got/big"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        // What is there is only overwritten when that is asked for, and then as a whole.
        try daemon.directory.write("mine", to: "got/big")
        let again = try daemon.orchctl("files", String(id), "big", "-o", daemon.directory.file("got"))
        #expect(again.status != 0 && again.error.contains("was not overwritten"), "\(again)")
        #expect(daemon.directory.text("got/big") == "mine")
        #expect(try daemon.orchctl("files", String(id), "big", "--force", "-o", daemon.directory.file("got")).status == 0)
        #expect(daemon.directory.bytes("got/big") == bytes)
        #expect(try FileManager.default.contentsOfDirectory(atPath: daemon.directory.file("got")).count == 3)

        for name in ["../\(id).1.out", "/etc/shadow", "..", "nothing"] {
            let missing = try daemon.orchctl("files", String(id), name)
            #expect(missing.status != 0 && missing.bytes.isEmpty && missing.error.contains("has left no file"), "\(missing)")
            #expect(throws: WireError.self, "\(name)") { try daemon.call(.file, FileParameters(id: id, name: name)) }
        }
        try daemon.finish()
    }

    @Test func whatIsNoFileOrTooMuchIsLeftAndTold() throws {
        let daemon = try Daemon(pool: "slots = 2\nfiles_limit = \"1M\"\n")
        let id = try daemon.shell(
            """
            cd $ORCH_RESULT_DIR; ln -s /etc/shadow shadow; mkfifo fifo; mkdir sub; echo x > sub/x; truncate -s 1T sparse
            echo small > small; head -c 1048576 /dev/zero > over; printf x > "$(printf 'a\\033[2Jb')"; printf x > "$(printf '\\377')"
            for i in $(seq 100 200); do echo $i > n$i; done; exit 3
            """)
        let attempt = try #require(daemon.end(of: id).attempts.first)
        #expect(attempt.outcome == Outcome(.exited, code: 3), "a failed attempt may leave files, too")
        let names = attempt.files?.map(\.name) ?? []
        #expect(names.count == 64 && names.contains("n100") && !names.contains("over"), "\(names)")
        let left = attempt.leftBehind ?? []
        #expect(left.first { $0.reason.contains("directory:") }?.names == ["sub"])
        #expect(left.first { $0.reason.contains("link") }?.names == ["fifo", "shadow"])
        #expect(left.first { $0.reason.contains("control") }?.names == ["a\u{FFFD}[2Jb", "\u{FFFD}"])
        #expect(left.first { $0.reason.contains("64") }?.count == 40, "\(left)")
        let shown = try daemon.orchctl("files", String(id))
        #expect(
            shown.status == 0 && shown.error.contains("2 not kept (a link, FIFO, socket or device): fifo, shadow"), "\(shown)")
        try daemon.finish()
    }

    @Test func theyAreBoundedInAll() throws {
        let daemon = try Daemon(pool: "slots = 2\nfiles_limit = \"1M\"\n")
        let id = try daemon.shell(
            "cd $ORCH_RESULT_DIR; truncate -s 1T a; head -c 1048570 /dev/zero > b; echo 1234567 > c; echo 12345 > d")
        let attempt = try #require(daemon.end(of: id).attempts.first)
        #expect(attempt.files == [ResultFile(name: "b", size: 1_048_570), ResultFile(name: "d", size: 6)])
        let left = attempt.leftBehind ?? []
        #expect(left.count == 1 && left[0].names == ["a", "c"] && left[0].reason.contains("files_limit"), "\(left)")
        try daemon.finish()
    }

    /// Ends in the absence of the engine, and with a supervisor that was executed anew since.
    @Test func theyOutliveBothPrograms() throws {
        let daemon = try Daemon(workers: 2)
        let bytes = try big(daemon)
        let id = try daemon.shell("echo $$ > pid; while [ ! -e gone ]; do sleep 0.02; done; \(Self.leave)")
        let other = try daemon.shell("exit 0")
        let pid = try daemon.directory.number("pid")
        try daemon.wait([other])
        let (engine, supervisor) = (try daemon.engine, try daemon.supervisor)
        kill(daemon.launcher.pid, SIGSTOP)
        kill(engine, SIGKILL)
        try daemon.directory.write("", to: "gone")
        try eventually("the end of the task") { !isAlive(pid) }
        kill(supervisor, SIGUSR2)
        kill(daemon.launcher.pid, SIGCONT)
        let record = try daemon.end(of: id)
        #expect(record.attempts.count == 1 && record.attempts[0].files?.count == 3, "\(record)")
        #expect(try daemon.orchctl("files", String(id), "big").bytes == bytes)
        // And the next engine finds what the one before has kept.
        try daemon.killEngine()
        #expect(try daemon.orchctl("files", String(id), "big").bytes == bytes)
        #expect(try daemon.task(other).attempts[0].files == nil)
        try daemon.finish()
    }

    @Test func eachAttemptHasItsOwn() throws {
        let daemon = try Daemon()
        let id = try daemon.shell("echo $ORCH_ATTEMPT > $ORCH_RESULT_DIR/n; mkdir $ORCH_RESULT_DIR/d; [ $ORCH_ATTEMPT = 2 ]") {
            $0.retries = 1
            $0.retryDelay = 0
        }
        try daemon.wait([id])
        #expect(try daemon.orchctl("files", String(id), "n").output == "2\n")
        #expect(try daemon.orchctl("files", String(id), "n", "--attempt", "1").output == "1\n")
        let missing = try daemon.orchctl("files", String(id), "--attempt", "3")
        #expect(missing.status != 0 && missing.error.contains("has no attempt 3"), "\(missing)")
        // Not before it has ended.
        let waiting = try daemon.shell("echo x > $ORCH_RESULT_DIR/n; echo $$ > pid; while [ ! -e gate ]; do sleep 0.02; done")
        _ = try daemon.directory.number("pid")
        let early = try daemon.orchctl("files", String(waiting))
        #expect(early.status == 0 && early.output.isEmpty && early.error.contains("has not ended"), "\(early)")
        #expect(throws: WireError.self) { try daemon.call(.file, FileParameters(id: waiting, name: "n")) }
        try daemon.directory.write("", to: "gate")
        try daemon.wait([waiting])
        #expect(try daemon.orchctl("files", String(waiting), "n").output == "x\n")
        try daemon.finish()
    }

    @Test func warmWorkersLeaveThemToo() throws {
        let script = """
            say() { echo "$1" >&3; }; hear() { read -r line <&3; }
            say '{"type":"ready"}'; hear; say '{"type":"accepted"}'; echo warm > $ORCH_RESULT_DIR/f
            say '{"type":"result","status":"success","output":"ok"}'
            """
        let directory = try Directory()
        try directory.write(
            script.replacing(">&3", with: ">&$ORCH_WORKER_FD").replacing("<&3", with: "<&$ORCH_WORKER_FD"), to: "worker.sh")
        let daemon = try Daemon(
            pool: "slots = 2\nkind = \"warm\"\ncommand = [\"/bin/bash\", \"\(directory.file("worker.sh"))\"]\n",
            directory: directory)
        let ids = try daemon.submit([TaskSpec(prompt: "a"), TaskSpec(prompt: "b")])
        for id in ids {
            let record = try daemon.end(of: id)
            #expect(record.state == .succeeded && record.attempts.last?.files == [ResultFile(name: "f", size: 5)], "\(record)")
            #expect(try daemon.orchctl("files", String(id), "f").output == "warm\n")
        }
        try daemon.finish()
    }
}
