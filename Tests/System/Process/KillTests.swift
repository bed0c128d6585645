import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// Promises 1 to 4, with SIGKILL at any moment.
@Suite(.onThreads) struct KillTests {
    @Test func tenKillsOfTheEngineDuringAThousandTasks() throws {
        let daemon = try Daemon(workers: 4)
        // A line is one write to a file that is opened for appending, so that none is lost among the others.
        let specs = (1...1000).map { TaskSpec(command: ["/bin/sh", "-c", "echo \($0) >> \(daemon.directory.path)/runs"]) }
        let ids = try daemon.submit(specs)
        let waiters = try stride(from: 0, to: 1000, by: 250).map { start in
            try daemon.start(["wait"] + ids[start..<start + 250].map(String.init))
        }
        let runs = { daemon.directory.text("runs")?.split(separator: "\n") ?? [] }
        for kill in 1...10 {
            try eventually("\(kill * 80) runs") { runs().count >= kill * 80 }
            try daemon.killEngine()
        }
        for waiter in waiters {
            let result = try waiter.result()
            #expect(result.status == 0, "\(result.error)")
        }
        let records = try daemon.wait(ids)
        #expect(records.count == 1000 && records.allSatisfy { $0.state == .succeeded && $0.attemptCount == 1 })
        #expect(runs().count == 1000 && Set(runs()).count == 1000)
        #expect(try daemon.status().counts.succeeded == 1000)
        try daemon.finish()
    }

    @Test func longTasksOutliveTheEngineAndTheirExitsAreRecorded() throws {
        let daemon = try Daemon(workers: 3)
        // Its exit falls into the engine's absence, the others' after it.
        let short = try daemon.shell("echo $$ > short; while [ ! -e gone ]; do sleep 0.02; done; exit 7")
        let long = try daemon.shell("echo $$ > long; while [ ! -e gate ]; do sleep 0.05; done; echo end; exit 8")
        let killed = try daemon.shell("echo $$ > killed; while [ ! -e gone ]; do sleep 0.02; done; kill -9 $$")
        let pids = try ["short", "long", "killed"].map { try daemon.directory.number($0) }
        let waiter = try daemon.start(["wait", String(short), String(long), String(killed)])
        let engine = try daemon.engine
        // Stopped first, so that the next engine is not there before the tasks have ended.
        kill(daemon.launcher.pid, SIGSTOP)
        kill(engine, SIGKILL)
        try daemon.directory.write("", to: "gone")
        try eventually("the end of two tasks") { !isAlive(pids[0]) && !isAlive(pids[2]) }
        #expect(isAlive(pids[1]))
        let start = milliseconds()
        kill(daemon.launcher.pid, SIGCONT)
        let ends = try daemon.wait([short, killed])
        print("the engine was back, with the exits of its absence, after \(Int(milliseconds() - start)) ms")
        #expect(ends[0].attempts.last?.outcome == Outcome(.exited, code: 7) && ends[0].attemptCount == 1)
        #expect(ends[1].attempts.last?.outcome == Outcome(.signalled, code: 9) && ends[1].attemptCount == 1)
        let record = try daemon.task(long)
        #expect(record.state == .running && record.attempts.last?.pid == pids[1])
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.end(of: long).attempts.map(\.outcome) == [Outcome(.exited, code: 8)])
        #expect(try daemon.orchctl("logs", String(long)).output == "end\n")
        #expect(try waiter.result().status == 1)
        try daemon.finish()
    }

    @Test func tasksDieWithTheSupervisorAndArePolicysToJudge() throws {
        let daemon = try Daemon(workers: 2)
        let lost = try daemon.shell("setsid -f sh -c 'echo $$ > lost.child; exec sleep 1000'; echo $$ > lost; sleep 1000")
        let retried = try daemon.shell("echo $$ > retried.$ORCH_ATTEMPT; [ $ORCH_ATTEMPT = 2 ] || sleep 1000") {
            $0.retries = 1
            $0.retryOn = [.lost]
            $0.retryDelay = 0
        }
        let queued = try daemon.shell("echo done")
        let pids = try ["lost", "lost.child", "retried.1"].map { try daemon.directory.number($0) }
        let supervisor = try daemon.supervisor
        kill(supervisor, SIGKILL)
        let ends = try daemon.wait([lost, retried, queued])
        #expect(ends[0].state == .failed && ends[0].attempts.last?.outcome?.kind == .lost, "\(ends[0])")
        #expect(ends[1].state == .succeeded && ends[1].attemptCount == 2)
        #expect(ends[2].state == .succeeded)
        #expect(pids.allSatisfy { !isAlive($0) })
        #expect(try daemon.supervisor != supervisor)
        #expect(daemon.log.contains("the supervisor has failed"))
        try daemon.finish()
    }

    @Test func nothingSurvivesTheLauncher() throws {
        let daemon = try Daemon(workers: 2)
        let id = try daemon.shell("setsid -f sh -c 'echo $$ > child; exec sleep 1000'; echo $$ > task; sleep 1000")
        let stubborn = try daemon.shell("trap '' TERM INT HUP; echo $$ > stubborn; while :; do sleep 1; done")
        let names = ["child", "task", "stubborn"]
        let pids = try names.map { try daemon.directory.number($0) } + [daemon.engine, daemon.supervisor]
        daemon.launcher.signal(SIGKILL)
        #expect(try daemon.launcher.wait() == 137)
        try eventually("the end of \(pids.map(describe))") { !pids.contains(where: isAlive) && daemon.processes.isEmpty }
        // And a new one takes up what is left: a socket, and tasks that were lost.
        try daemon.restart()
        let ends = try daemon.wait([id, stubborn])
        #expect(ends.allSatisfy { $0.state == .failed && $0.attempts.last?.outcome?.kind == .lost }, "\(ends.map(\.reason))")
        try daemon.finish()
    }
}
