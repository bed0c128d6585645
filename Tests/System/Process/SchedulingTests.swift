import Foundation
import Glibc
import OrchClient
import OrchProtocol
import Testing

/// When and how often tasks run, seen from outside.
@Suite(.onThreads) struct SystemSchedulingTests {
    @Test func priorityThenAge() throws {
        let daemon = try Daemon(workers: 1)
        let gate = try daemon.shell("echo $$ > running; while [ ! -e gate ]; do sleep 0.02; done")
        _ = try daemon.directory.number("running")
        let ids = try [0, 5, -3, 5, 0].enumerated().map { index, priority in
            try daemon.shell("echo \(index) >> order") { $0.priority = priority }
        }
        #expect(try daemon.orchctl("update", "--priority", "9", String(ids[4])).status == 0)
        try daemon.directory.write("", to: "gate")
        try daemon.wait([gate] + ids)
        #expect(daemon.directory.text("order") == "4\n1\n3\n0\n2\n")
        try daemon.finish()
    }

    @Test func notBeforeHoldAndExpiry() throws {
        let daemon = try Daemon()
        let due = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000) + 1500)
        let delayed = try daemon.submit("true") { $0.notBefore = due }
        let held = try daemon.submit("true") { $0.hold = true }
        let expiring = try daemon.submit("true") {
            $0.hold = true
            $0.expires = Timestamp(milliseconds: due.milliseconds - 500)
        }
        #expect(try daemon.task(delayed).waiting == .delayed)
        let record = try daemon.end(of: delayed)
        #expect(record.startedAt.map { $0 >= due } ?? false)
        #expect(try daemon.end(of: expiring).state == .expired)
        #expect(try daemon.task(held).waiting == .held)
        #expect(try daemon.orchctl("release", String(held)).status == 0)
        #expect(try daemon.end(of: held).state == .succeeded)
        let again = try daemon.orchctl("release", String(held))
        #expect(again.status == 1 && again.error.contains("has succeeded; only a held task can be released"), "\(again)")
        try daemon.finish()
    }

    @Test func allPagesOfAListArePrinted() throws {
        let daemon = try Daemon()
        var spec = TaskSpec(command: ["true"])
        spec.hold = true
        let ids = try daemon.submit(Array(repeating: spec, count: 1_001))
        let pages = try daemon.orchctl("list", "--all", "--json").output.split(separator: "\n")
            .map { try Wire.decode(TaskPage.self, from: Data($0.utf8)) }
        #expect(pages.count == 2 && pages.flatMap { $0.tasks.map(\.id) } == ids.reversed())
        let text = try daemon.orchctl("list", "--limit", "1001").output
        #expect(text.split(separator: "\n").count(where: { $0.contains("true") }) == 1_001)
        try daemon.finish()
    }

    @Test func aKeyMakesOneTaskAndSaysSo() throws {
        let daemon = try Daemon()
        let first = try daemon.orchctl("submit", "--key", "k", "--json", "--", "true")
        let second = try daemon.orchctl("submit", "--key", "k", "--json", "--", "false")
        #expect(first.output.contains("\"created\":true") && second.output.contains("\"created\":false"))
        #expect(try daemon.orchctl("submit", "--key", "k", "--", "true").id == 1)
        #expect(try daemon.end(of: 1).state == .succeeded)
        try daemon.killEngine()
        #expect(try daemon.orchctl("submit", "--key", "k", "--", "true").id == 1)
        #expect(try daemon.call(.list, ListParameters()).tasks.count == 1)
        try daemon.finish()
    }

    @Test func retriesAreForTheCausesAskedFor() throws {
        let daemon = try Daemon(workers: 4)
        func task(_ script: String, retries: Int, on causes: [RetryCause]?, timeout: Double? = nil) throws -> Int64 {
            try daemon.shell(script) {
                $0.retries = retries
                $0.retryOn = causes
                $0.retryDelay = 0
                $0.timeout = timeout
            }
        }
        let exits = try task("exit $ORCH_ATTEMPT", retries: 2, on: nil)
        let notAsked = try task("exit 1", retries: 2, on: [.signal, .timeout, .lost])
        let signalled = try task("[ $ORCH_ATTEMPT = 3 ] || kill -SEGV $$", retries: 5, on: [.signal])
        let timed = try task("[ $ORCH_ATTEMPT = 2 ] || sleep 1000", retries: 1, on: [.timeout], timeout: 0.5)
        let records = try [exits, notAsked, signalled, timed].map { try daemon.end(of: $0) }
        #expect(records[0].attempts.map(\.outcome) == [1, 2, 3].map { Outcome(.exited, code: $0) })
        #expect(records[1].attemptCount == 1 && records[1].state == .failed)
        #expect(
            records[2].attempts.map(\.outcome?.kind) == [.signalled, .signalled, .exited] && records[2].state == .succeeded)
        #expect(records[3].attempts.map(\.outcome?.kind) == [.runTimeout, .exited] && records[3].state == .succeeded)
        #expect(try daemon.orchctl("retry", String(notAsked)).status == 0)
        #expect(try daemon.end(of: notAsked).attemptCount == 2)
        try daemon.finish()
    }

    @Test func poolsPauseResumeResizeAndDrain() throws {
        let daemon = try Daemon(workers: 1)
        func pool(_ arguments: String...) throws {
            let result = try daemon.start(["pool"] + arguments).result()
            #expect(result.status == 0, "\(result)")
        }
        try pool("pause", "default")
        let ids = try daemon.submit(
            (0..<3).map { _ in
                TaskSpec(command: ["/bin/sh", "-c", "while [ ! -e \(daemon.directory.path)/gate ]; do sleep 0.02; done"])
            })
        #expect(try daemon.task(ids[0]).waiting == .paused)
        // Also over a kill of the engine.
        try daemon.killEngine()
        #expect(try daemon.status().pools.first?.state == .paused)
        #expect(try daemon.task(ids[0]).waiting == .paused)
        try pool("resume", "default")
        try eventually("one running task") { try daemon.status().counts.running == 1 }
        try pool("resize", "default", "3")
        try eventually("three running tasks") {
            try daemon.call(.workerList, .init()).workers.count { $0.state == .busy } == 3
        }
        try pool("resize", "default", "1")
        #expect(try daemon.call(.list, ListParameters()).tasks.allSatisfy { $0.state == .running })
        try pool("drain", "default")
        let refused = try daemon.orchctl("submit", "--", "true")
        #expect(refused.status == 1 && refused.error.contains("drain"), "\(refused)")
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.wait(ids).allSatisfy { $0.state == .succeeded })
        try pool("resume", "default")
        #expect(try daemon.end(of: daemon.orchctl("submit", "--", "true").id).state == .succeeded)
        try daemon.finish()
    }

    @Test func eventsGoOnWithoutAGapOverAKillOfTheEngine() throws {
        let daemon = try Daemon()
        let follower = try daemon.start(["events", "-f", "--json", "--after", "0"])
        for round in 1...3 {
            let ids = try daemon.submit((0..<10).map { _ in TaskSpec(command: ["true"]) })
            try daemon.wait(ids)
            if round < 3 { try daemon.killEngine() }
        }
        let last = try daemon.status().lastEvent
        func events(_ capture: Capture) -> [Event] {
            capture.bytes.split(separator: 0x0A).compactMap { try? JSONDecoder().decode(Event.self, from: Data($0)) }
        }
        try follower.output.read("event \(last)") { events($0).last?.seq == last }
        let seen = events(follower.output)
        #expect(seen.map(\.seq) == Array(1...last))
        #expect(seen.count { $0.kind == .taskFinished } == 30 && seen.count { $0.kind == .daemonStarted } == 3)
        let rest = try daemon.call(.subscribe, SubscribeParameters(after: last - 5, follow: false))
        #expect(rest.last == last)
        follower.program.signal(SIGKILL)
        try daemon.finish()
    }

    @Test func aReloadIsTakenAsAWholeOrNotAtAll() throws {
        let daemon = try Daemon(pool: "slots = 1")
        let running = try daemon.shell("echo $$ > pid; while [ ! -e gate ]; do sleep 0.02; done")
        let pid = try daemon.directory.number("pid")
        // One file is right and would change something, the other is not.
        try daemon.directory.write("slots = 7", to: "pools.d/extra.toml")
        try daemon.directory.write("slots = 2\n# more\ntimeuot = \"1h\"", to: "pools.d/default.toml")
        let refused = try daemon.orchctl("reload")
        #expect(refused.status == 1, "\(refused)")
        #expect(
            refused.error.contains("pools.d/default.toml:3") && refused.error.contains("did you mean \"timeout\""), "\(refused)"
        )
        var pools = try daemon.status().pools
        #expect(pools.map(\.name) == ["default"] && pools.first?.slots == 1)
        #expect(try daemon.orchctl("submit", "--pool", "extra", "--", "true").status == 4)

        try daemon.directory.write("slots = 2\ntimeout = \"1h\"", to: "pools.d/default.toml")
        let taken = try daemon.orchctl("reload")
        #expect(taken.status == 0 && taken.output.contains("extra"), "\(taken)")
        pools = try daemon.status().pools
        #expect(pools.map(\.name) == ["default", "extra"] && pools.map(\.slots) == [2, 7])
        #expect(isAlive(pid))
        try eventually("the event") { try daemon.orchctl("events", "--json").output.contains("daemon.reloaded") }
        let extra = try daemon.submit("true") { $0.pool = "extra" }
        #expect(try daemon.end(of: extra).state == .succeeded)
        let next = try daemon.submit("true")
        #expect(try daemon.end(of: next).timeout == 3600)
        try daemon.directory.write("", to: "gate")
        #expect(try daemon.end(of: running).attemptCount == 1)
        try daemon.finish()
    }
}
