import CLinux
import Foundation
import Glibc
import OrchProtocol
import TestSupport
import Testing

/// Tasks that speak to their own daemon, through doors: real processes on both sides.
@Suite(.onThreads) struct DoorTests {
    private static let orchctl = Program.folder + "/orchctl"

    /// Pools with a door, without one, and with full access; "closed" may be used by nobody through a door.
    private func daemon() throws -> Daemon {
        let directory = try Directory()
        let pools = [
            "open": "slots = 4\n[spawn]\npools = [\"open\"]\n", "shut": "slots = 2\n",
            "full": "slots = 2\nfull_access = true\n", "closed": "slots = 1\n",
            "bomb": "slots = 3\n[spawn]\npools = [\"bomb\"]\ndepth = 30\nchildren = 30\n",
        ]
        for (name, text) in pools { try directory.write(text, to: "pools.d/\(name).toml") }
        return try Daemon(pool: "slots = 1\n", directory: directory)
    }

    /// Runs a script whose `o` is orchctl; what it printed.
    private func run(_ daemon: Daemon, _ script: String, in pool: String = "open") throws -> String {
        let id = try start(daemon, script, in: pool)
        let record = try daemon.end(of: id)
        let logs = try daemon.orchctl("logs", "\(id)")
        #expect(record.state == .succeeded, "\(logs.output) \(logs.error)")
        return logs.output
    }

    private func start(_ daemon: Daemon, _ script: String, in pool: String = "open") throws -> Int64 {
        try daemon.shell("o() { \(Self.orchctl) \"$@\"; }\n" + script) { $0.pool = pool }
    }

    @Test func aScriptStartsTasksAndReadsWhatTheyMake() throws {
        let daemon = try daemon()
        let output = try run(
            daemon,
            """
            a=$(o submit -p open -- sh -c 'echo one; echo error >&2')
            b=$(o submit -p open -- sh -c 'echo two; exit 3')
            o wait $a $b >/dev/null; echo "status $?"
            o logs --stdout $a; o logs $b
            o list -a | tail -n +2 | wc -l
            o run -p open -- sh -c 'echo three; exit 4'; echo "status $?"
            """)
        #expect(output == "status 1\none\ntwo\n2\nthree\nstatus 4\n")
        try daemon.finish()
    }

    /// What a task asks about others is answered as if there were none, and what is not for tasks is refused.
    @Test func aTaskSeesItsOwnAndNothingElse() throws {
        let daemon = try daemon()
        let other = try daemon.shell("echo secret; echo file > $ORCH_RESULT_DIR/f") { $0.pool = "shut" }
        try daemon.wait([other])
        let rows: [(command: String, error: String)] = [
            ("show \(other)", "no task \(other) that task"), ("logs \(other)", "no task \(other) that task"),
            ("result \(other)", "no task \(other) that task"), ("wait \(other)", "no task \(other) that task"),
            ("show $ORCH_TASK_ID", "that task $ORCH_TASK_ID has started"), ("wait $ORCH_TASK_ID", "has started"),
            ("stop \(other)", ""), ("stop $ORCH_TASK_ID", ""), ("retry \(other)", "may not call"),
            ("status", "may not call daemon.status"), ("worker list", "may not call worker.list"),
            ("pool pause open", "may not call"), ("reload", "may not call"), ("drain", "may not call"),
            ("usage", "may not call usage.get"), ("submit -p closed -- true", "closed"),
            ("submit -p open --env ORCHD_SOCKET=/x -- true", "orchd sets ORCHD_SOCKET"),
        ]
        let script = rows.map {
            "o \($0.command) >out 2>err && echo 'done: \($0.command)'; grep -qF \"\($0.error)\" err || cat err\n"
        }
        #expect(try run(daemon, script.joined()) == "")
        let seen = try run(
            daemon,
            "o run -p open -- true; timeout 60 \(Self.orchctl) events --after 0 --json | head -3; o pool list --json; o list -a --json"
        )
        #expect(seen.contains("task.queued") && seen.contains("task.finished") && seen.contains("\"name\":\"open\""), "\(seen)")
        #expect(!seen.contains("shut") && !seen.contains("closed") && !seen.contains("secret"), "\(seen)")
        #expect(try daemon.task(other).state == .succeeded)
        try daemon.finish()
    }

    @Test func onTheSocketOfTheDaemonATaskIsToldWhatToDo() throws {
        let daemon = try daemon()
        let ask = "o --socket '\(daemon.socket)' list 2>&1; echo \"status $?\""
        let told = try run(daemon, ask, in: "shut")
        #expect(told.contains("[spawn]") && told.contains("full_access = true") && !told.contains("status 0"), "\(told)")
        let sent = try run(daemon, ask)
        #expect(sent.contains("ORCHD_SOCKET of the task names its door"), "\(sent)")
        // Whatever it does to hide, short of what its user could do by other means.
        let hidden = try run(
            daemon, "setsid -w env -i \(Self.orchctl) --socket '\(daemon.socket)' list 2>&1 || true", in: "shut")
        #expect(hidden.contains("full_access = true"), "\(hidden)")
        #expect(
            try run(daemon, "o status >/dev/null; echo \"status $?\"; echo $ORCHD_SOCKET", in: "full")
                == "status 0\n\(daemon.socket)\n")
        #expect(try run(daemon, "echo \"${ORCHD_SOCKET-none}\"", in: "shut") == "none\n")
        try daemon.finish()
    }

    /// Several tasks have one user, and a path is no secret among them.
    @Test func aDoorIsForItsOwnTask() throws {
        let daemon = try daemon()
        let first = try start(daemon, "echo $ORCHD_SOCKET; exec sleep 1000")
        let path = try eventually("its door") {
            let text = try daemon.orchctl("logs", "\(first)").output
            return text.hasSuffix("\n") ? String(text.dropLast()) : nil
        }
        let refused = try run(daemon, "o --socket '\(path)' list 2>&1 || true")
        #expect(refused.contains("yours does not belong to it"), "\(refused)")
        let mine = try daemon.orchctl("--socket", path, "list")
        #expect(mine.status != 0 && mine.error.contains("yours does not belong to it"), "\(mine)")
        _ = try daemon.call(.cancel, CancelParameters(ids: [first]))
        try daemon.wait([first])
        #expect(!FileManager.default.fileExists(atPath: path))
        try daemon.finish()
    }

    /// A client of a door repeats what it asked, and gets its answer: whichever of the two processes is replaced or dies.
    @Test func aDoorOutlivesTheEngineAndAnUpgrade() throws {
        let daemon = try daemon()
        let go = daemon.directory.file("go")
        let parent = try start(
            daemon,
            """
            a=$(o submit -p open -- sh -c "while ! test -e '\(go)'; do sleep 0.05; done; echo child")
            echo waiting
            o wait $a >/dev/null && o logs $a
            o run -p open -- echo again
            """)
        try eventually("that it waits") { try daemon.orchctl("logs", "\(parent)").output == "waiting\n" }
        try daemon.killEngine()
        #expect(try daemon.status().counts.running == 2)
        daemon.launcher.signal(SIGUSR2)
        try daemon.directory.write("", to: "go")
        // As the client in the task does, this one asks again where its connection breaks.
        #expect(try daemon.orchctl("wait", "\(parent)").status == 0)
        #expect(try daemon.orchctl("logs", "\(parent)").output == "waiting\nchild\nagain\n")
        try daemon.finish()
    }

    /// Tasks that start as many of their kind as they can: the tree has what it may have, and all others run.
    @Test func aForkBombIsItsTreesOwnAffair() throws {
        let daemon = try daemon()
        try daemon.directory.write(
            "while \(Self.orchctl) submit -p bomb -- sh \"$0\" 2>>\"$HOME/refusals\" >/dev/null; do :; done\n", to: "bomb.sh")
        let bomb = try daemon.submit("sh", daemon.directory.file("bomb.sh")) { $0.pool = "bomb" }
        let others = try daemon.submit(
            (0..<50).map { index in
                var spec = TaskSpec(command: ["echo", "\(index)"])
                spec.pool = index.isMultiple(of: 2) ? "shut" : "closed"
                return spec
            })
        #expect(try daemon.wait(others).allSatisfy { $0.state == .succeeded })
        // Each of its tasks ends when it is refused; the first of them may end what is left of its tree.
        let record = try daemon.end(of: bomb)
        #expect(record.state == .succeeded)
        let refusals = try String(contentsOfFile: daemon.directory.file("refusals"), encoding: .utf8)
        #expect(refusals.contains("children = 30"), "\(refusals.prefix(1000))")
        let tree = try daemon.orchctl("list", "--parent", "\(bomb)", "-a", "--json")
        #expect(tree.status == 0, "\(tree)")
        let all = try daemon.orchctl("list", "-p", "bomb", "-a", "--limit", "1000", "--json").output
        #expect(all.ranges(of: "\"pool\":\"bomb\"").count == 31, "\(all.prefix(3000))")
        try daemon.finish()
    }

    /// A task that opens connections without end has those of one door, and nobody else waits.
    @Test func connectionsWithoutEndAreTheTasksOwnAffair() throws {
        let daemon = try daemon()
        let bomb = """
            import os, socket, time
            held = []
            for i in range(400):
                s = socket.socket(socket.AF_UNIX); s.setblocking(False)
                try: s.connect(os.environ["ORCHD_SOCKET"])
                except BlockingIOError: break
                held.append(s)
            print(len(held), flush=True); time.sleep(1000)
            """
        let task = try start(daemon, "exec python3 -c '\(bomb)'")
        let count = try eventually("its connections") { Int(try daemon.orchctl("logs", "\(task)").output.dropLast()) }
        #expect((64...250).contains(count))
        #expect(try run(daemon, "o run -p open -- echo child") == "child\n")
        #expect(try daemon.status().state == .running)
        _ = try daemon.call(.cancel, CancelParameters(ids: [task]))
        try daemon.wait([task])
        try daemon.finish()
    }
}
