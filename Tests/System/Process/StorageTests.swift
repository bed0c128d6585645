import CLinux
import Foundation
import Glibc
import OrchProtocol
import Testing

/// State that is full, locked, damaged, or not ours: refused, never reset; and sockets in the way.
@Suite(.onThreads) struct StorageTests {
    static let mayMount = geteuid() == 0 && access("/usr/bin/unshare", X_OK) == 0

    /// Puts something over a directory, for the daemon alone: gone with it, however the test ends.
    private func mounting(_ command: String, at path: String) -> [String] {
        mkdir(path, 0o755)
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", command + #" && exec "$@""#, path]
    }

    @Test(.enabled(if: mayMount, "NOT TESTED: a full disk, which takes root and unshare"))
    func aFullDiskIsSaidAndSurvived() throws {
        let directory = try Directory()
        let state = directory.file("state")
        let daemon = try Daemon(
            workers: 3, directory: directory, prefix: mounting(#"mount -t tmpfs -o size=12m,mode=755 none "$0""#, at: state))
        // Its own view of the directory.
        let inside = "/proc/\(daemon.launcher.pid)/root\(state)"
        let long = try daemon.shell("while [ ! -e gate ]; do sleep 0.05; done; exit 3")
        let longer = try daemon.shell("while [ ! -e gate2 ]; do sleep 0.05; done; exit 4")
        try eventually("two running tasks") { try daemon.status().counts.running == 2 }

        let filler = open("\(inside)/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(filler, zeros, zeros.count) > 0 {}
        close(filler)

        let large = String(repeating: "x", count: 400_000)
        let refused = try daemon.orchctl("submit", "--stdin", "-", "--", "true", input: Array(large.utf8))
        #expect(refused.status == 1 && refused.error.contains("space"), "\(refused)")
        let submission = #"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":{"command":["true"],"stdin":"\#(large)"}}"#
        let answer = try RawClient(daemon).ask(submission)
        #expect(answer.error?.kind == .storageFull, "\(answer)")
        let status = try daemon.status()
        #expect(status.state == .degraded && status.problems.contains { $0.contains("space") }, "\(status)")
        #expect(status.counts.running == 2)

        // One ends while nothing can be written; it is told when there is room.
        try directory.write("", to: "gate")
        let pid = try daemon.task(long).attempts.last?.pid ?? 0
        try eventually("the end of the task") { !isAlive(pid) }
        let waiter = try daemon.start(["wait", String(long)])
        #expect(try daemon.status().counts.running >= 1)

        unlink("\(inside)/filler")
        let record = try daemon.end(of: long)
        #expect(record.state == .failed && record.attempts.map(\.outcome) == [Outcome(.exited, code: 3)])
        #expect(try waiter.result().status == 1)
        try eventually("a healthy status") { try daemon.status().state == .running }
        #expect(try daemon.status().problems.isEmpty)
        let next = try daemon.submit("true", String(repeating: "x", count: 100_000))
        #expect(try daemon.end(of: next).state == .succeeded)
        #expect(try daemon.task(longer).state == .running)
        try directory.write("", to: "gate2")
        #expect(try daemon.end(of: longer).attempts.map(\.outcome) == [Outcome(.exited, code: 4)])
        // What was refused is not there.
        #expect(try daemon.call(.list, ListParameters()).tasks.map(\.id).sorted() == [long, longer, next])
        try daemon.finish()
    }

    @Test func aStateDirectoryThatCannotBeWrittenIsRefused() throws {
        let directory = try Directory()
        let state = directory.file("state")
        mkdir(state, 0o755)
        if geteuid() != 0 { chmod(state, 0o555) }
        let isMounted = Self.mayMount
        guard geteuid() != 0 || isMounted else { return print("NOT TESTED: root writes everywhere") }
        try expectRefusal(status: 1, says: [state]) {
            try Daemon(
                directory: directory,
                prefix: isMounted
                    ? mounting(#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0""#, at: state) : [])
        }
        chmod(state, 0o755)
        #expect(!directory.has("sock"))
    }

    @Test(arguments: [(uid_t(61_236), mode_t(0o700), "belongs to uid 61236"), (geteuid(), 0o777, "everybody can write to")])
    func aStateDirectoryThatOthersCanChangeIsRefused(_ owner: uid_t, _ mode: mode_t, _ says: String) throws {
        guard geteuid() == 0 || owner == geteuid() else { return print("NOT TESTED: only root gives directories away") }
        let directory = try Directory()
        let state = directory.file("state")
        mkdir(state, 0o700)
        chown(state, owner, gid_t.max)
        chmod(state, mode)
        try expectRefusal(status: 1, says: [state, says, "--state-dir"]) { try Daemon(directory: directory) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: state).isEmpty)
    }

    @Test func aSecondDaemonOnTheSameStateIsRefusedAndTheFirstIsNotDisturbed() throws {
        let first = try Daemon(workers: 1)
        let running = try first.shell("echo $$ > pid; while [ ! -e gate ]; do sleep 0.05; done; echo end")
        let queued = try first.shell("echo next")
        let pid = try first.directory.number("pid")
        let pids = [first.launcher.pid, try first.engine]
        let other = try Directory()
        let state = first.directory.file("state")
        do {
            _ = try Daemon(directory: other, stateDirectory: state)
            Issue.record("it started")
        } catch let refusal as Daemon.NotStarted {
            #expect(refusal.status == 1)
            #expect(refusal.message.contains(state) && refusal.message.contains("another orchd"))
            #expect(pids.contains { refusal.message.contains("process \($0)") }, "\(refusal.message), not \(pids)")
        }
        #expect(!other.has("sock"))
        #expect(processesNaming(other.path).isEmpty)
        #expect(isAlive(pid))
        try first.directory.write("", to: "gate")
        let ends = try first.wait([running, queued])
        #expect(ends.allSatisfy { $0.state == .succeeded && $0.attemptCount == 1 }, "\(ends)")
        #expect(try first.status().supervisor.connected)
        try first.finish()
    }

    @Test func aStaleSocketIsReplacedAndALiveOneIsNot() throws {
        let directory = try Directory()
        let path = directory.file("sock")
        close(linux_unix_listen(path, Int32(SOCK_STREAM.rawValue), 0o600, 1))
        #expect(directory.has("sock"))
        let first = try Daemon(directory: directory)
        // It is degraded until its supervisor is there.
        try eventually("a daemon that runs") { try first.status().state == .running }
        try expectRefusal(status: 1, says: ["another daemon listens at \(path)"]) {
            try Daemon(directory: directory, stateDirectory: directory.file("other"))
        }
        #expect(try first.status().state == .running)
        try first.finish()

        try directory.write("precious", to: "sock")
        try expectRefusal(status: 1, says: [path, "not a socket"]) { try Daemon(directory: directory) }
        #expect(directory.text("sock") == "precious")
    }

    @Test func aDatabaseThatIsNoneOfOursIsRefusedAndLeftAsItIs() throws {
        let daemon = try Daemon(workers: 0)
        let id = try daemon.submit("true")
        try daemon.finish()
        let directory = daemon.directory
        let good = directory.bytes("state/queue.db") ?? []
        try #require(good.count > 4096)
        var newer = good
        newer.replaceSubrange(60..<64, with: [0, 0, 0x7F, 0xFF])
        var foreign = good
        foreign.replaceSubrange(68..<72, with: [1, 2, 3, 4])
        var scribbled = good
        for index in 100..<4096 { scribbled[index] = UInt8(truncatingIfNeeded: index &* 31) }
        let cases: [(bytes: [UInt8], says: String)] = [
            ([UInt8](repeating: 0, count: 8192), "damaged"), (Array("hello, I am a text".utf8), "damaged"),
            (Array(good.prefix(good.count / 2)), "damaged"), (scribbled, "damaged"), (newer, "newer"),
            (foreign, "another program"),
        ]
        let file = directory.file("state/queue.db")
        for (bytes, says) in cases {
            for suffix in ["-wal", "-shm"] { unlink(file + suffix) }
            try Data(bytes).write(to: URL(filePath: file))
            try expectRefusal(status: 78, says: [file, says, "left as it"]) { try Daemon(directory: directory) }
            #expect(directory.bytes("state/queue.db") == bytes, "\(says): touched")
            #expect(!directory.has("sock"))
            unlink(directory.file("log"))
        }
        try Data(good).write(to: URL(filePath: file))
        try daemon.restart()
        #expect(try daemon.task(id).state == .queued)
        try daemon.finish()
    }

    private func expectRefusal(status: Int32, says texts: [String], _ start: () throws -> Daemon) throws {
        do {
            _ = try start()
            Issue.record("it started, and was to say \(texts)")
        } catch let refusal as Daemon.NotStarted {
            #expect(refusal.status == status, "\(refusal.message)")
            for text in texts { #expect(refusal.message.contains(text), "\(refusal.message), not \(text)") }
        }
    }

    @Test func sixtyFourDescriptorsAreEnough() throws {
        let daemon = try Daemon(workers: 4, limits: [.descriptors(64)])
        for pid in [daemon.launcher.pid, try daemon.engine, try daemon.supervisor] {
            let line = contents("/proc/\(pid)/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
            #expect(line?.contains(" 64 ") ?? false)
        }
        let ids = try daemon.submit((1...40).map { TaskSpec(command: ["/bin/sh", "-c", "echo \($0); ulimit -n"]) })
        #expect(try daemon.wait(ids).allSatisfy { $0.state == .succeeded })
        #expect(try daemon.orchctl("logs", String(ids[7])).output == "8\n64\n")
        let clients = try (0..<100).map { _ in try RawClient(daemon) }
        for client in clients { client.send(ClientTests.version) }
        var served = 0
        for client in clients {
            let answer = try client.answer()
            if answer?.error == nil { served += 1 } else { #expect(answer?.error?.kind == .tooManyConnections) }
        }
        print("64 descriptors: \(served) of \(clients.count) connections were served")
        #expect((8..<100).contains(served))
        let client = try #require(clients.first)
        let submit = #"{"jsonrpc":"2.0","id":2,"method":"task.submit","params":{"command":["true"]}}"#
        #expect(try client.ask(submit).error == nil)
        #expect(try client.ask(#"{"jsonrpc":"2.0","id":3,"method":"task.wait","params":{"ids":[41]}}"#).error == nil)
        for client in clients { shutdown(client.socket, Int32(SHUT_RDWR)) }
        try eventually("room for a connection") { try RawClient(daemon).ask(ClientTests.version).error == nil }
        #expect(try daemon.end(of: 41).state == .succeeded)
        try daemon.finish()
    }
}
