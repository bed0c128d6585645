import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// A dead task is dead, whatever it did to survive.
@Suite struct StopTests {
    /// A grandchild in a session of its own, with an empty environment, reparented twice; prints its pid.
    static let daemon = "setsid -f env -i /bin/sh -c 'echo $$; exec sleep 1000'"

    @Test(arguments: LifeTests.modes) func survivorsDieWithTheLeader(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let both = "until [ $(wc -l < /dev/fd/3) = 2 ]; do sleep 0.01; done"
        let script = "exec 3>&1; \(Self.daemon); (\(Self.daemon)) & wait; \(both); exit 3"
        let order = fixture.shell(script) { $0.descriptors = [1] }
        let end = try engine.run(order, descriptors: [output.number])
        #expect(end.ending == .exited && end.code == 3 && end.flags.contains(.survivors))
        let pids = readAll(output.number).split(separator: "\n").compactMap { pid_t($0) }
        #expect(pids.count == 2)
        #expect(pids.allSatisfy { !isAlive($0) })
    }

    @Test(arguments: LifeTests.modes) func aTreeThatIgnoresTermIsKilledAfterTheGrace(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        let tree = "\(Self.daemon); sh -c 'echo $$; sleep 1000' & echo ready >&2; wait; wait; sleep 1000"
        let order = fixture.shell("trap '' TERM; \(tree)") { $0.descriptors = [1, 2] }
        let ready = try fixture.file("ready")
        try engine.send(.launch(order), descriptors: [output.number, ready.number])
        _ = try engine.start(of: order.attempt)
        try eventually { readAll(ready.number) == "ready\n" && readAll(output.number).split(separator: "\n").count == 2 }
        try engine.send(.stop(attempt: order.attempt, grace: 100))
        let end = try engine.end(of: order.attempt)
        #expect(end.ending == .signalled && end.code == SIGKILL)
        #expect(end.flags.contains([.stopped, .killed]))
        let pids = readAll(output.number).split(separator: "\n").compactMap { pid_t($0) }
        #expect(pids.allSatisfy { !isAlive($0) })
    }

    @Test(arguments: LifeTests.modes) func termReachesStoppedProcessesAndChildren(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let order = fixture.shell("sleep 1000 & kill -STOP $$; wait")
        try engine.send(.launch(order))
        let pid = try engine.start(of: order.attempt).pid
        try eventually { SmallFile.text("/proc/\(pid)/stat")?.contains(") T") == true }
        try engine.send(.stop(attempt: order.attempt, grace: 60_000))
        let end = try engine.end(of: order.attempt)
        #expect(end.ending == .signalled && end.code == SIGTERM && end.flags.contains(.stopped))
        #expect(!end.flags.contains(.killed))
    }

    @Test(arguments: LifeTests.modes) func backgroundProcessesLiveAsLongAsTheirLeader(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine(slots: 2)
        let output = try fixture.file("out")
        let order = fixture.shell("\(Self.daemon); sleep 1000") { $0.descriptors = [1] }
        try engine.send(.launch(order), descriptors: [output.number])
        try eventually { readAll(output.number).hasSuffix("\n") }
        // The end of others makes the supervisor look at all orphans.
        for _ in 0..<5 { #expect(try engine.run(fixture.order("true")).code == 0) }
        let pid = try #require(pid_t(readAll(output.number).dropLast()))
        #expect(isAlive(pid))
        try engine.send(.stop(attempt: order.attempt, grace: 60_000))
        #expect(try engine.end(of: order.attempt).code == SIGTERM)
        #expect(!isAlive(pid))
    }

    @Test(arguments: LifeTests.modes) func theSupervisorsEndIsTheEndOfAll(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        engine.acknowledges = false
        let order = fixture.order("sleep", "1000")
        try engine.send(.launch(order), .launch(fixture.order("true")))
        let pid = try engine.start(of: order.attempt).pid
        try eventually { isAlive(pid) }
        let end = try fixture.end(SIGTERM)
        #expect(!end.signalled && end.code == 0)
        #expect(!isAlive(pid))
        #expect(try engine.end(of: 1).code == SIGTERM)
        let waiting = try engine.end(of: 2)
        #expect(waiting.ending == .spawnFailed && waiting.step == .resources && waiting.code == ECANCELED)
    }
}
