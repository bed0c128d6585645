import CLinux
import Foundation
import Glibc
import OrchClient
import OrchProtocol
import TestSupport
import Testing

/// Processes that hang: the launcher replaces them, as systemd does for the service.
@Suite(.onThreads) struct HangTests {
    @Test func aStoppedEngineIsReplacedAndNothingRunsTwice() throws {
        let seed = Torture.seed()
        var random = SeededGenerator(seed)
        let daemon = try Daemon(workers: 3, arguments: ["--watchdog", "1"])
        let long = try daemon.shell("echo $$ > long; while [ ! -e gate ]; do sleep 0.05; done; exit 5")
        let pid = try daemon.directory.number("long")
        let runs = daemon.directory.file("runs")
        var tasks: [MixedTask] = []
        for round in 0..<Torture.amount(3, full: 30) {
            let engine = try daemon.engine
            let more = (0..<20).map { MixedTask(round * 100 + $0, runs: runs, &random) }
            tasks += more
            // Some are submitted before it stops, and some wait in the backlog for the next engine.
            _ = try daemon.submit(more.prefix(10).map(\.spec))
            usleep(useconds_t(random.number(0...50_000)))
            kill(engine, SIGSTOP)
            let waiting = try daemon.connect()
            let request = try waiting.send(Call(.submit, .many(more.suffix(10).map(\.spec))))
            // Continued at any moment, perhaps when it is about to be killed: then it goes on, or is dead.
            let isContinued = round > 0 && random.chance(50)
            if isContinued {
                usleep(useconds_t(random.number(0...1_200_000)))
                kill(engine, SIGCONT)
            } else {
                try eventually("seed \(seed): the end of the stopped engine") { !isAlive(engine) }
            }
            do {
                _ = try waiting.answer(to: request, deadline: .now + .seconds(60))
            } catch ClientError.lost {
                _ = try daemon.submit(more.suffix(10).map(\.spec))
            }
            #expect(isContinued || !isAlive(engine))
            // What is left of it obeys, and does no harm.
            kill(engine, SIGCONT)
        }
        let ids = try daemon.submit(tasks.map(\.spec))
        for (task, record) in zip(tasks, try daemon.wait(ids)) {
            #expect(task.fault(in: record) == nil && record.state == task.finalState, "seed \(seed)")
        }
        let lines = (daemon.directory.text("runs") ?? "").split(separator: "\n").map(String.init)
        #expect(lines.sorted() == tasks.flatMap(\.lines).sorted(), "seed \(seed)")
        #expect(isAlive(pid) && daemon.log.contains("the engine hangs"), "seed \(seed)")
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.end(of: long).attempts.map(\.outcome) == [Outcome(.exited, code: 5)])
        try daemon.finish()
    }

    @Test func nobodyElseSpeaksForAnEngineThatHangs() throws {
        let daemon = try Daemon(arguments: ["--watchdog", "1"])
        let prefix = "@orchd/\(daemon.launcher.pid)/"
        let sockets = try FileHandle(forReadingFrom: URL(filePath: "/proc/net/unix")).readToEnd() ?? Data()
        let addresses = String(decoding: sockets, as: UTF8.self).split(separator: "\n")
            .compactMap { $0.split(separator: " ").last.map(String.init) }.filter { $0.hasPrefix(prefix) }
        #expect(addresses.count == 2, "\(prefix): \(String(decoding: sockets, as: UTF8.self))")
        let engine = try daemon.engine
        kill(engine, SIGSTOP)
        // More than a watchdog would need.
        try eventually("the end of the stopped engine") {
            for address in addresses {
                for text in ["WATCHDOG=1", "READY=1"] { _ = linux_unix_send_datagram(address, text, text.utf8.count) }
            }
            return !isAlive(engine)
        }
        #expect(daemon.log.contains("the engine hangs"))
        try daemon.finish()
    }

    @Test func aStoppedEngineKeepsNobodyFromEndingTheRun() throws {
        let daemon = try Daemon()
        let id = try daemon.shell("echo $$ > pid; sleep 1000")
        let pid = try daemon.directory.number("pid")
        kill(try daemon.engine, SIGSTOP)
        daemon.launcher.signal(SIGTERM)
        #expect(try daemon.launcher.wait() == 0)
        try daemon.expectNothingLeft()
        #expect(!isAlive(pid))
        try daemon.restart()
        #expect(try daemon.end(of: id).attempts.last?.outcome?.kind == .lost)
        try daemon.finish()
    }

    @Test func aStoppedLauncherDoesNotBlameItsChildren() throws {
        let daemon = try Daemon(workers: 2, arguments: ["--watchdog", "2"])
        let pids = [try daemon.engine, try daemon.supervisor]
        kill(daemon.launcher.pid, SIGSTOP)
        // More than the socket of the launcher holds, and longer than the engine may be silent: tasks go on all the time.
        let deadline = milliseconds() + 4000
        while milliseconds() < deadline {
            let id = try daemon.submit("true")
            #expect(try daemon.end(of: id).state == .succeeded)
        }
        kill(daemon.launcher.pid, SIGCONT)
        // Killed by mistake it would be when the launcher looks, which it has done when it has served a signal.
        daemon.launcher.signal(SIGCHLD)
        let id = try daemon.shell("sleep 3")
        #expect(try daemon.end(of: id).state == .succeeded)
        #expect(try [daemon.engine, daemon.supervisor] == pids && !daemon.log.contains("hangs"), "\(daemon.log)")
        try daemon.finish()
    }
}
