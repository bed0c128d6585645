import Foundation
import Glibc
import OrchProtocol
import Testing

/// Promise 4: a dead task is dead. And ways for a run as a whole to end.
@Suite(.onThreads) struct StopTests {
    /// A grandchild in a session of its own, reparented twice, with nothing that tells whose it is.
    private static func escape(_ name: String) -> String {
        "(setsid -f env -i /bin/sh -c 'echo $$ > \(name); exec sleep 1000' &)"
    }

    @Test func aStopEndsTheWholeTree() throws {
        let daemon = try Daemon(pool: "slots = 3\ngrace = \"1s\"")
        let tree = try daemon.shell("\(Self.escape("tree.child")); echo $$ > tree; sleep 1000 & wait") {
            $0.cwd = daemon.directory.path
        }
        let stubborn = try daemon.shell(
            "trap '' TERM; \(Self.escape("stubborn.child")); echo $$ > stubborn; while :; do sleep 1; done")
        let pids = try ["tree", "tree.child", "stubborn", "stubborn.child"].map { try daemon.directory.number($0) }
        let stop = try daemon.orchctl("stop", String(tree), String(stubborn))
        #expect(stop.status == 0, "\(stop)")
        for record in try daemon.wait([tree, stubborn]) {
            #expect(record.state == .cancelled && record.attempts.last?.outcome?.kind == .cancelled)
        }
        #expect(pids.allSatisfy { !isAlive($0) }, "\(pids.map(describe))")
        try daemon.finish()
    }

    @Test func outputThatAGrandchildKeepsOpenKeepsNobodyWaiting() throws {
        let daemon = try Daemon()
        let id = try daemon.shell(
            "setsid -f sh -c 'echo $$ > child; sleep 1000'; while [ ! -s child ]; do sleep 0.01; done; echo end")
        let logs = try daemon.start(["logs", "-f", String(id)])
        #expect(try daemon.end(of: id).state == .succeeded)
        #expect(try logs.result().output == "end\n")
        #expect(try !isAlive(daemon.directory.number("child")))
        try daemon.finish()
    }

    @Test func timeoutsAndTheOutputLimitEndTasks() throws {
        let daemon = try Daemon(pool: "slots = 4\ngrace = \"1s\"\noutput_limit = \"1M\"")
        let run = try daemon.shell("sleep 1000 & wait") { $0.timeout = 0.5 }
        let idle = try daemon.shell("echo one; sleep 1000") { $0.idleTimeout = 0.5 }
        let busy = try daemon.shell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done") { $0.idleTimeout = 2 }
        let much = try daemon.shell("echo $$ > much; exec yes")
        let ends = try daemon.wait([run, idle, busy, much])
        let kinds = ends.map { $0.attempts.last?.outcome?.kind }
        #expect(kinds == [.runTimeout, .idleTimeout, .exited, .outputLimit], "\(ends.map(\.reason))")
        #expect(ends.map(\.state) == [.failed, .failed, .succeeded, .failed])
        #expect(ends[0].reason == "ran longer than its timeout of 0.5 s")
        #expect(ends[1].reason == "wrote no output for 0.5 s")
        let times = ends[0].attempts.last.flatMap { last in last.startedAt.flatMap { a in last.endedAt.map { (a, $0) } } }
        if let (started, ended) = times {
            #expect(ended.milliseconds - started.milliseconds >= 500)
        } else {
            Issue.record("no times")
        }
        #expect(try !isAlive(daemon.directory.number("much")))
        #expect(try daemon.orchctl("run", "--timeout", "300ms", "--", "sleep", "1000").status == 124)
        try daemon.finish()
    }

    @Test func aTaskIsStoppedInEveryState() throws {
        let daemon = try Daemon(workers: 1)
        let running = try daemon.shell("echo $$ > running; sleep 1000")
        _ = try daemon.directory.number("running")
        let queued = try daemon.submit("true")
        let held = try daemon.submit("true") { $0.hold = true }
        let delayed = try daemon.submit("true") { $0.notBefore = Timestamp("2100-01-01T00:00:00Z") }
        for id in [queued, held, delayed, running] {
            #expect(try daemon.orchctl("stop", String(id)).status == 0)
            #expect(try daemon.end(of: id).state == .cancelled)
        }
        let retrying = try daemon.submit("false") {
            $0.retries = 5
            $0.retryDelay = 1000
        }
        try eventually("the wait for a retry") { try daemon.task(retrying).waiting == .delayed }
        #expect(try daemon.orchctl("stop", String(retrying)).status == 0)
        let record = try daemon.end(of: retrying)
        #expect(record.state == .cancelled && record.attemptCount == 1)
        // What has ended stays as it is.
        let done = try daemon.submit("true")
        #expect(try daemon.end(of: done).state == .succeeded)
        #expect(try daemon.orchctl("stop", String(done)).status == 0)
        #expect(try daemon.task(done).state == .succeeded)
        #expect(try daemon.orchctl("stop", "4711").status == 4)
        // All at once, running or not.
        let many = try daemon.submit((0..<20).map { _ in TaskSpec(command: ["sleep", "1000"]) })
        #expect(try daemon.orchctl("stop", "--all").status == 0)
        #expect(try daemon.wait(many).allSatisfy { $0.state == .cancelled })
        // And a cancelled one can be had again.
        #expect(try daemon.orchctl("retry", String(queued)).status == 0)
        #expect(try daemon.end(of: queued).state == .succeeded)
        try daemon.finish()
    }

    @Test func anInterruptEndsEverythingAtOnce() throws {
        let daemon = try Daemon(workers: 2)
        let running = try daemon.shell("\(Self.escape("child")); echo $$ > task; sleep 1000")
        let stubborn = try daemon.shell("trap '' TERM INT HUP; echo $$ > stubborn; while :; do sleep 1; done")
        let queued = try daemon.shell("echo later")
        let pids = try ["child", "task", "stubborn"].map { try daemon.directory.number($0) }
        daemon.launcher.signal(SIGINT)
        try eventually("the end of the task that obeys") { !isAlive(pids[1]) }
        // The second one does not wait for the grace to be over.
        daemon.launcher.signal(SIGINT)
        let start = milliseconds()
        #expect(try daemon.launcher.wait() == 0)
        #expect(milliseconds() - start < 8000)
        try daemon.expectNothingLeft()
        #expect(pids.allSatisfy { !isAlive($0) })
        try daemon.restart()
        let ends = try daemon.wait([running, stubborn, queued])
        #expect(ends.map { $0.attempts.last?.outcome?.kind } == [.lost, .lost, .exited], "\(ends.map(\.reason))")
        try daemon.finish()
    }

    @Test func aTermSignalDrains() throws {
        let daemon = try Daemon(workers: 1)
        let running = try daemon.shell("echo $$ > task; while [ ! -e gate ]; do sleep 0.02; done; echo end")
        let queued = try daemon.shell("echo later")
        _ = try daemon.directory.number("task")
        daemon.launcher.signal(SIGTERM)
        try eventually("a draining status") { try daemon.status().state == .draining }
        // New tasks are taken, for the next start.
        let late = try daemon.submit("true")
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.launcher.wait() == 0)
        try daemon.expectNothingLeft()
        try daemon.restart()
        let ends = try daemon.wait([running, queued, late])
        #expect(ends.allSatisfy { $0.state == .succeeded && $0.attemptCount == 1 })
        try daemon.finish()
    }

    @Test func aDrainHasADeadline() throws {
        let daemon = try Daemon(arguments: ["--drain-timeout", "1"])
        let id = try daemon.shell("echo $$ > task; sleep 1000")
        _ = try daemon.directory.number("task")
        let start = milliseconds()
        daemon.launcher.signal(SIGTERM)
        #expect(try daemon.launcher.wait() == 0)
        #expect(milliseconds() - start >= 1000)
        try daemon.expectNothingLeft()
        try daemon.restart()
        #expect(try daemon.end(of: id).attempts.last?.outcome?.kind == .lost)
        try daemon.finish()
    }

    @Test func aStopThroughTheSocketEndsTheRun() throws {
        let daemon = try Daemon()
        let id = try daemon.shell("echo $$ > task; sleep 1000")
        _ = try daemon.directory.number("task")
        #expect(try daemon.orchctl("stop", "--daemon", "--now").status == 0)
        #expect(try daemon.launcher.wait() == 0)
        try daemon.expectNothingLeft()
        let late = try daemon.orchctl("status")
        #expect(late.status == 3 && late.error.contains("orchd run"))
        try daemon.restart()
        #expect(try daemon.end(of: id).attempts.last?.outcome?.kind == .lost)
        try daemon.finish()
    }
}
