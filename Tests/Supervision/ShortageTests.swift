import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// Too few descriptors: the attempt comes back, and nothing else happens.
@Suite struct ShortageTests {
    @Test func ordersComeBackAndTheLinkStaysUp() throws {
        let fixture = try Fixture(descriptorLimit: 32)
        let engine = try fixture.engine(slots: 100)
        // Once for what is kept from then on.
        #expect(try engine.run(fixture.order("true")).code == 0)
        let before = fixture.openDescriptors
        let output = try fixture.file("out")
        for _ in 0..<60 {
            let order = fixture.order("sleep", "1000") { $0.descriptors = [1, 2] }
            try engine.send(.launch(order), descriptors: [output.number, output.number])
        }
        try engine.wait("a word about each") { engine.started.count + engine.ended.count >= 61 }
        let refused = engine.ended.values.filter { $0.attempt != 1 }
        #expect(refused.allSatisfy { $0.ending == .spawnFailed && $0.step == .resources })
        #expect(engine.ended.count > 30 && engine.started.count > 5)
        for attempt in engine.started.keys where engine.ended[attempt] == nil {
            try engine.send(.stop(attempt: attempt, grace: 0))
        }
        try engine.wait("all ends") { engine.ended.count == 61 }
        #expect(fixture.openDescriptors == before)
        #expect(try engine.run(fixture.order("true")).code == 0)
        // Another engine can connect.
        _ = try fixture.engine()
    }

    @Test func aLowSoftLimitIsGivenBackToWorkers() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let output = try fixture.file("out")
        var soft: UInt64 = 0
        soft = UInt64(sysconf(Int32(_SC_OPEN_MAX)))
        let order = fixture.shell("ulimit -Sn") { $0.descriptors = [1] }
        #expect(try engine.run(order, descriptors: [output.number]).code == 0)
        #expect(readAll(output.number) == "\(soft)\n")
    }
}
