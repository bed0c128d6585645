import Foundation
import Glibc
import OrchProtocol
import Testing

/// `orchctl pause`: a running task stands still, without cgroups by SIGSTOP.
@Suite(.onThreads) struct PauseTests {
    /// Counts into a file until it is told to go.
    private static let counting = """
        echo $$ > pid; (i=0; while [ ! -e go ]; do i=$((i + 1)); echo $i > count.new; mv count.new count; sleep 0.01; done) & wait
        """

    private func state(_ pid: pid_t) -> Character? {
        contents("/proc/\(pid)/stat").flatMap { $0.split(separator: ")").last?.dropFirst().first }
    }

    /// Pauses a task that has shown that it runs: the engine may hear of that a moment later, and a queued task is held instead.
    private func pause(_ id: Int64, in daemon: Daemon) throws {
        try eventually("the start of task \(id)") { try daemon.task(id).state == .running }
        let paused = try daemon.orchctl("pause", String(id))
        try #require(paused.status == 0 && paused.output == "task \(id) paused\n", "\(paused)")
    }

    @Test func theWholeTreeStandsStillAndGoesOn() throws {
        let daemon = try Daemon()
        let id = try daemon.shell(Self.counting) {
            $0.cwd = daemon.directory.path
            $0.timeout = 600
        }
        let leader = try daemon.directory.number("pid")
        try daemon.directory.wait(for: "count")
        try pause(id, in: daemon)
        try eventually("its processes stand still") {
            ([leader] + children(of: leader)).allSatisfy { state($0) == "T" }
        }
        let record = try daemon.task(id)
        #expect(record.state == .running && record.attempts.last?.pausedSince != nil)
        #expect(try daemon.orchctl("list").output.contains("paused"))
        // Another engine leaves it as it is.
        try daemon.killEngine()
        #expect(try daemon.task(id).attempts.last?.pausedSince != nil)
        let count = daemon.directory.text("count")
        try daemon.directory.write("", to: "go")
        #expect(daemon.directory.text("count") == count)
        #expect(try daemon.orchctl("resume", String(id)).output == "task \(id) resumed\n")
        let end = try daemon.end(of: id)
        #expect(end.state == .succeeded && (end.attempts.last?.pausedFor ?? 0) > 0)
        #expect(try daemon.orchctl("show", String(id)).output.contains("was paused"))
        try daemon.finish()
    }

    @Test func whatIsPausedCanBeStopped() throws {
        let daemon = try Daemon(pool: "slots = 1\ngrace = \"60s\"")
        let id = try daemon.shell("trap 'echo bye; exit' TERM; echo $$ > pid; while :; do sleep 0.05; done")
        let leader = try daemon.directory.number("pid")
        try pause(id, in: daemon)
        try eventually("it stands still") { state(leader) == "T" }
        let stopped = try daemon.orchctl("stop", String(id))
        #expect(stopped.status == 0, "\(stopped)")
        #expect(try daemon.end(of: id).state == .cancelled)
        // It has had its SIGTERM.
        #expect(try daemon.orchctl("logs", String(id)).output == "bye\n")
        try daemon.finish()
    }

    @Test func whatIsQueuedIsHeldInstead() throws {
        let daemon = try Daemon(pool: "slots = 0")
        let id = try daemon.submit("true")
        #expect(try daemon.orchctl("pause", String(id)).output == "task \(id) held\n")
        #expect(try daemon.orchctl("pause", String(id)).output == "task \(id) was held already\n")
        #expect(try daemon.orchctl("resume", String(id)).output == "task \(id) released\n")
        _ = try daemon.orchctl("stop", String(id))
        let refused = try daemon.orchctl("pause", String(id))
        #expect(refused.status == 1 && refused.error.contains("only a queued or running task can be paused"), "\(refused)")
        let again = try daemon.orchctl("stop", String(id))
        #expect(again.status == 0 && again.output == "task \(id) had ended already: cancelled\n", "\(again)")
        try daemon.finish()
    }

    /// Some of them have been ordered ahead of a free slot, since the tasks before were short.
    @Test func whatIsListedAsQueuedCanBeChanged() throws {
        let daemon = try Daemon(pool: "slots = 2")
        _ = try daemon.orchctl(
            "submit", "--batch", "-", "--wait", input: Array(String(repeating: "{\"command\":[\"true\"]}\n", count: 60).utf8))
        let ids = try (0..<10).map { _ in try daemon.submit("sleep", "60") }
        try eventually("two of them run") { try ids.filter { try daemon.task($0).state == .running }.count == 2 }
        let queued = try ids.filter { try daemon.task($0).state == .queued }
        #expect(queued.count == 8)
        for (index, id) in queued.enumerated() {
            #expect(try daemon.task(id).attemptCount == 0)
            let verbs = [["hold"], ["update", "--name", "other"], ["pause"], ["stop"]]
            let result = try daemon.start(verbs[index % verbs.count] + [String(id)]).result()
            #expect(result.status == 0, "\(verbs[index % verbs.count]) \(id): \(result)")
        }
        let held = try daemon.orchctl("list", "-s", "HELD", "--columns", "id").output.split(separator: "\n").dropFirst()
        #expect(held.compactMap { Int64($0) }.sorted() == queued.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
        #expect(try daemon.orchctl("stop", "--all").status == 0)
        try daemon.finish()
    }
}
