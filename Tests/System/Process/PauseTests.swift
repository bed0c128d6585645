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

    @Test func theWholeTreeStandsStillAndGoesOn() throws {
        let daemon = try Daemon()
        let id = try daemon.shell(Self.counting) {
            $0.cwd = daemon.directory.path
            $0.timeout = 600
        }
        let leader = try daemon.directory.number("pid")
        try daemon.directory.wait(for: "count")
        let paused = try daemon.orchctl("pause", String(id))
        #expect(paused.status == 0 && paused.output == "task \(id) paused\n", "\(paused)")
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
        _ = try daemon.orchctl("pause", String(id))
        try eventually("it stands still") { state(leader) == "T" }
        _ = try daemon.orchctl("stop", String(id))
        #expect(try daemon.end(of: id).state == .cancelled)
        // It has had its SIGTERM.
        #expect(try daemon.orchctl("logs", String(id)).output == "bye\n")
        try daemon.finish()
    }

    @Test func onlyWhatRunsCanBePaused() throws {
        let daemon = try Daemon()
        let held = try daemon.submit("true") { $0.hold = true }
        let refused = try daemon.orchctl("pause", String(held))
        #expect(refused.status == 1 && refused.error.contains("hold it to keep it from starting"), "\(refused)")
        try daemon.finish()
    }
}
