import CLinux
import Glibc
import Platform
import SupervisorLink
import TestSupport
import Testing

@testable import Supervision

/// What survives the engine, and what survives the supervisor.
@Suite struct RecoveryTests {
    @Test func aNewEngineGetsTheInventory() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        _ = try engine.run(fixture.shell("exit 4"))
        try engine.send(.launch(fixture.order("sleep", "1000")), .launch(fixture.order("true")))
        _ = try engine.start(of: 2)
        let store = engine.welcome?.store
        let old = engine
        engine = try TestEngine(connecting: fixture.link)
        try old.waitForClose()
        try engine.greet()
        #expect(engine.welcome?.store == store && engine.welcome?.heardUpTo == 3)
        #expect(engine.waiting == [3])
        #expect(engine.started.keys.sorted() == [2])
        #expect(engine.ended[1]?.code == 4)
        let next = try fixture.engine()
        #expect(next.ended.isEmpty, "what was acknowledged is forgotten")
    }

    @Test func aKilledSupervisorKeepsEndsAndWhatItHeard() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        _ = try engine.run(fixture.shell("echo r > $ORCH_RESULT_FILE; exit 4"))
        try engine.send(.launch(fixture.order("sleep", "1000")))
        let pid = try engine.start(of: 2).pid
        let store = engine.welcome?.store
        try fixture.end(SIGKILL)
        try fixture.start()
        engine = try fixture.engine()
        #expect(engine.welcome?.store == store && engine.welcome?.heardUpTo == 2)
        #expect(engine.ended[1]?.code == 4 && engine.results[1] == "r\n")
        #expect(engine.ended[2]?.ending == .lost && engine.ended[2]?.start.pid == pid)
        try eventually { !isAlive(pid) }
        // The numbers of the former life are still refused.
        try engine.send(.launch(LaunchOrder(attempt: 2, name: "2.1", pool: "p", arguments: ["true"])))
        try engine.send(.launch(fixture.order("true")))
        #expect(try engine.end(of: 3).ending == .exited)
        #expect(engine.endCount[2] == 1)
    }

    @Test func aTornRecordIsIgnored() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        for code in 1...3 { _ = try engine.run(fixture.shell("exit \(code)")) }
        try fixture.end(SIGKILL)
        let path = fixture.directory + "/state/exits"
        truncate(path, off_t(EndReport.size * 3 - 7))
        try fixture.start()
        engine = try fixture.engine()
        #expect(engine.ended.keys.sorted() == [1, 2])
        var status = stat()
        stat(path, &status)
        // The acknowledgement may have come already.
        #expect(status.st_size == off_t(EndReport.size * 2) || status.st_size == 0)
    }

    @Test func aForeignStateFileMeansANewStore() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        _ = try engine.run(fixture.order("true"))
        let store = engine.welcome?.store
        try fixture.end(SIGKILL)
        let file = try Descriptor(opening: fixture.directory + "/state/state", O_WRONLY)
        pwrite(file.number, "x", 1, 20)
        try fixture.start()
        engine = try fixture.engine()
        #expect(engine.welcome?.store != store && engine.welcome?.heardUpTo == 0)
        #expect(engine.ended.isEmpty)
    }

    @Test func nonsenseClosesOnlyTheConnection() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        try engine.send(.launch(fixture.order("sleep", "1000")))
        _ = try engine.start(of: 1)
        let before = fixture.openDescriptors
        var random = SeededGenerator(42)
        let good = EngineMessage.launch(fixture.order("true")).encoded()
        for round in 0..<200 {
            let bad = try TestEngine(connecting: fixture.link)
            if round % 2 == 0 { try bad.greet() }
            var bytes = round % 3 == 0 ? (0..<Int.random(in: 1...300, using: &random)).map { _ in random.byte() } : good
            bytes[Int.random(in: 0..<min(6, bytes.count), using: &random)] = random.byte()
            // May be valid by chance; then nothing is wrong with it.
            try? bad.sendBytes(bytes, descriptors: round % 5 == 0 ? [0, 1] : [])
        }
        let last = try fixture.engine()
        #expect(last.started[1] != nil)
        #expect(fixture.openDescriptors == before)
    }
}
