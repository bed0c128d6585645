import CLinux
import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// What the engine says twice is as if it had said it once: it repeats what it may have said on a connection that broke.
@Suite struct RepetitionTests {
    /// When it is said again.
    enum Moment: CaseIterable {
        case atOnce
        case onTheNextConnection
        /// By the next version of the supervisor, which was executed in place.
        case afterAnUpgrade

        func pass(_ fixture: Fixture, _ engine: inout TestEngine) throws {
            let acknowledges = engine.acknowledges
            switch self {
            case .atOnce: return
            case .onTheNextConnection: break
            case .afterAnUpgrade:
                fixture.send(SIGUSR2)
                try engine.waitForClose()
            }
            engine = try TestEngine(connecting: fixture.link)
            engine.acknowledges = acknowledges
            try engine.greet()
        }
    }

    /// Notes each SIGTERM, and does not end of it.
    private static let stubborn = "trap 'echo term' TERM; echo ready; while :; do sleep 0.02; done"

    private func lines(_ output: Descriptor, _ line: String) -> Int {
        readAll(output.number).split(separator: "\n").count { $0 == line }
    }

    @Test(arguments: LifeTests.modes, Moment.allCases)
    func aStopThatIsRepeatedBeginsNoSecondGrace(cgroups: Bool, moment: Moment) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine()
        let output = try fixture.file("out")
        try engine.send(.launch(fixture.shell(Self.stubborn) { $0.descriptors = [1] }), descriptors: [output.number])
        try eventually { lines(output, "ready") == 1 }
        let asked = Clock.monotonic
        try engine.send(.stop(attempt: 1, grace: 1_500))
        try eventually { lines(output, "term") == 1 }
        for _ in 0..<3 {
            try moment.pass(fixture, &engine)
            try engine.send(.stop(attempt: 1, grace: 600_000))
        }
        let end = try engine.end(of: 1)
        #expect(end.flags.contains([.stopped, .killed]) && end.code == SIGKILL)
        #expect((1_400...20_000).contains(end.endedMonotonic - asked), "\(end.endedMonotonic - asked) ms")
        #expect(lines(output, "term") == 1)
    }

    @Test(arguments: LifeTests.modes, Moment.allCases)
    func aStopThatIsRepeatedMayShortenTheGrace(cgroups: Bool, moment: Moment) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine()
        let output = try fixture.file("out")
        try engine.send(.launch(fixture.shell(Self.stubborn) { $0.descriptors = [1] }), descriptors: [output.number])
        try eventually { lines(output, "ready") == 1 }
        try engine.send(.stop(attempt: 1, grace: 600_000))
        try eventually { lines(output, "term") == 1 }
        try moment.pass(fixture, &engine)
        try engine.send(.stop(attempt: 1, grace: 50))
        #expect(try engine.end(of: 1).code == SIGKILL)
    }

    /// No engine comes back to repeat it.
    @Test(arguments: LifeTests.modes) func aGraceGoesOnOverAnUpgrade(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        try engine.send(.launch(fixture.shell(Self.stubborn) { $0.descriptors = [1] }), descriptors: [output.number])
        let pid = try engine.start(of: 1).pid
        try eventually { lines(output, "ready") == 1 }
        try engine.send(.stop(attempt: 1, grace: 1_000))
        try eventually { lines(output, "term") == 1 }
        fixture.send(SIGUSR2)
        try engine.waitForClose()
        try eventually("the end") { !isAlive(pid) }
        #expect(try fixture.engine().end(of: 1).flags.contains([.stopped, .killed]))
    }

    @Test(arguments: LifeTests.modes, Moment.allCases)
    func anAttemptStartsOnce(cgroups: Bool, moment: Moment) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine()
        let output = try fixture.file("out")
        let running = fixture.shell("echo first; exec sleep 1000") { $0.descriptors = [1] }
        let waiting = fixture.shell("echo second") { $0.descriptors = [1] }
        for order in [running, waiting] { try engine.send(.launch(order), descriptors: [output.number]) }
        try eventually { lines(output, "first") == 1 }
        func sayAgain() throws {
            try moment.pass(fixture, &engine)
            for order in [running, waiting] { try engine.send(.launch(order), descriptors: [output.number]) }
        }
        try sayAgain()
        try engine.send(.stop(attempt: 1, grace: 60_000))
        #expect(try engine.end(of: 2).code == 0)
        // Both have ended, and been acknowledged; another one that comes after them is their witness.
        try sayAgain()
        #expect(try engine.run(fixture.shell("echo third") { $0.descriptors = [1] }, descriptors: [output.number]).code == 0)
        #expect(["first", "second", "third"].map { lines(output, $0) } == [1, 1, 1])
    }

    @Test(arguments: LifeTests.modes, Moment.allCases)
    func revokedIsAnsweredEachTime(cgroups: Bool, moment: Moment) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine()
        let output = try fixture.file("out")
        try engine.send(.launch(fixture.shell("exec sleep 1000")))
        try engine.send(.launch(fixture.shell("echo ran") { $0.descriptors = [1] }), descriptors: [output.number])
        _ = try engine.start(of: 1)
        for _ in 0..<2 {
            try engine.send(.revoke(attempt: 1), .revoke(attempt: 2), .revoke(attempt: 9))
            try engine.wait("the answers") { engine.revoked.count == 3 }
            #expect(engine.revoked == [1: false, 2: true, 9: true])
            try moment.pass(fixture, &engine)
        }
        try engine.send(.stop(attempt: 1, grace: 60_000))
        _ = try engine.end(of: 1)
        #expect(readAll(output.number).isEmpty)
    }

    @Test(arguments: LifeTests.modes, Moment.allCases)
    func frozenTwiceAndLetGoOnceItGoesOn(cgroups: Bool, moment: Moment) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine()
        let output = try fixture.file("out")
        let gate = try fixture.file("gate")
        let script = "echo ready; until [ -s /dev/fd/3 ]; do sleep 0.02; done; echo on"
        try engine.send(
            .launch(fixture.shell(script) { $0.descriptors = [1, 3] }), descriptors: [output.number, gate.number])
        try eventually { lines(output, "ready") == 1 }
        try engine.send(.freeze(attempt: 1, isFrozen: true))
        try moment.pass(fixture, &engine)
        try engine.send(.freeze(attempt: 1, isFrozen: true))
        // An answer says that all before it has been obeyed.
        try engine.send(.revoke(attempt: 1))
        try engine.wait("an answer") { engine.revoked[1] != nil }
        #expect(write(gate.number, "x", 1) == 1)
        #expect(lines(output, "on") == 0)
        try engine.send(.freeze(attempt: 1, isFrozen: false))
        try moment.pass(fixture, &engine)
        try engine.send(.freeze(attempt: 1, isFrozen: false))
        #expect(try engine.end(of: 1).code == 0)
        #expect(lines(output, "on") == 1)
    }

    @Test(arguments: LifeTests.modes, Moment.allCases)
    func whatIsForgottenTwiceIsForgotten(cgroups: Bool, moment: Moment) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine(slots: 2)
        engine.acknowledges = false
        #expect(try engine.run(fixture.shell("echo x > left")).code == 0)
        #expect(try engine.run(fixture.shell("echo x > left")).code == 0)
        try engine.send(.launch(fixture.shell("echo x > left; exec sleep 1000")))
        _ = try engine.start(of: 3)
        let work = fixture.directory + "/work/p"
        for _ in 0..<2 {
            try engine.send(
                .acknowledge(attempts: [1, 2, 3, 77]), .discard(pool: "p", name: "1.1"),
                .sweep(pool: "p", tasksBelow: 3, workersBelow: 1), .slots(pool: "p", count: 2), .gather(milliseconds: 5))
            try eventually { access(work + "/1.1", F_OK) != 0 && access(work + "/2.1", F_OK) != 0 }
            try moment.pass(fixture, &engine)
            if moment != .atOnce { #expect(engine.ended.isEmpty && Array(engine.started.keys) == [3]) }
        }
        #expect(access(work + "/3.1", F_OK) == 0)
        #expect(try engine.run(fixture.shell("exit 4")).code == 4)
        try engine.send(.stop(attempt: 3, grace: 60_000))
        #expect(try engine.end(of: 3).code == SIGTERM)
    }
}
