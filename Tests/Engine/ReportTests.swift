import Glibc
import OrchProtocol
import SupervisorLink
import Testing

@testable import Engine
@testable import Scheduling

/// What users are told of ends and failed starts.
@Suite struct ReportTests {
    private func report(_ ending: EndReport.Ending, _ code: Int32, _ step: EndReport.Step = .none) -> EndReport {
        let start = StartReport(attempt: 7, pid: 9, slot: 1, startedAt: 10, startedMonotonic: 20)
        return EndReport(start: start, ending: ending, code: code, step: step, endedAt: 30, endedMonotonic: 40)
    }

    @Test(arguments: [
        ("nosuch", EndReport.Step.execute, ENOENT, "cannot start \"nosuch\": not found in PATH (/usr/bin:/bin)"),
        ("/x/y", .execute, EACCES, "cannot start \"/x/y\": it is not executable, or is a directory"),
        ("a", .execute, E2BIG, "cannot start \"a\": its arguments and environment are too long for the kernel"),
        ("a", .execute, ENOEXEC, "cannot start \"a\": it is neither a program nor a script with a #! line"),
        ("a", .directory, ENOENT, "cannot start \"a\": cannot enter the directory \"/d\": No such file or directory"),
        ("a", .workspace, ENOSPC, "cannot start \"a\": cannot make its workspace: No space left on device"),
    ])
    func aFailedStartIsASentence(_ program: String, _ step: EndReport.Step, _ code: Int32, _ sentence: String) {
        let end = AttemptEnd(report(.spawnFailed, code, step), program: program, path: "/usr/bin:/bin", directory: "/d")
        #expect(end.ending == .failedToStart(sentence))
        #expect(end.start == nil)
    }

    @Test func aShortageIsNotTheTasksFault() {
        let end = AttemptEnd(report(.spawnFailed, EAGAIN, .resources), program: "a", path: nil, directory: nil)
        guard case .shortOfResources = end.ending else {
            Issue.record("\(end.ending)")
            return
        }
    }

    @Test func anExitKeepsItsAccounting() {
        var it = report(.exited, 3)
        it.cpuUser = 5
        it.flags = [.stopped, .dumpedCore]
        let end = AttemptEnd(it, program: nil, path: nil, directory: nil)
        #expect(end.ending == .exited(3) && end.cpuUser == 5 && end.stopped && end.dumpedCore && !end.outOfMemory)
        #expect(end.start?.pid == 9)
    }

    @Test(arguments: Event.Kind.allCases) func everyEventHasASentence(_ kind: Event.Kind) throws {
        var event = Event(at: Timestamp(milliseconds: 0), kind: kind)
        event.task = 42
        event.pool = "p"
        event.state = .succeeded
        let sentence = try #require(EventMessages.message(event)).sentence
        #expect(sentence.hasSuffix("."))
    }

    @Test func theInventoryComesBeforeTheNews() throws {
        let welcome = SupervisorMessage.welcome(
            .init(
                version: LinkProtocol.version, store: 2, heardUpTo: 3, pid: 4, cgroups: false,
                program: .init(release: "1", executedAt: 0)))
        #expect(throws: LinkError.self) { try session { try $0.take([.inventoryEnd], []) } }
        #expect(throws: LinkError.self) { try session { try $0.take([welcome, .revoked(attempt: 1, accepted: true)], []) } }
        let inputs = try session { try $0.take([welcome, .waiting(attempts: [5]), .inventoryEnd], []) }
        #expect(inputs == [.connected(Inventory(connection: 1, store: 2, heardUpTo: 3, waiting: [5]))])
    }

    private func session(_ body: (inout LinkSession) throws -> [Input]) throws -> [Input] {
        try withReports { reports in
            var session = LinkSession(generation: 1, reports: reports)
            return try body(&session)
        }
    }
}
