import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// The supervisor executes a new version of itself, and nobody notices.
@Suite struct HandoverTests {
    @Test func whatIsHandedOverIsWhatArrives() {
        var handover = Handover(listener: 5, descriptorLimit: .max)
        handover.slots = ["a": 2, "b": 0]
        handover.running = [.init(folder: "a.1000", name: "1.1", start: [0, 255], entry: 3, flags: 1, pidfd: 9, killAt: -1)]
        handover.waiting = [.init(order: [1, 0, 2], descriptors: [7, 8]), .init(order: [], descriptors: [])]
        handover.removals = [.init(folder: "a", name: "2.1")]
        #expect(Handover(decoding: handover.encoded()) == handover)
        let bytes = handover.encoded()
        // The beginning of the last field would be another one: what makes the file whole is its seal.
        for cut in 0...(bytes.count - "2.1".utf8.count) {
            #expect(Handover(decoding: Array(bytes[..<cut])) == nil, "cut at \(cut)")
        }
        // A field too many, a count that is none, a byte that is no hexadecimal number.
        let text = String(decoding: handover.encoded(), as: UTF8.self)
        #expect(Handover(decoding: Array((text + "\0x").utf8)) == nil)
        #expect(Handover(decoding: Array("orchd-handover 1\05\01024\0-1\00\00\00".utf8)) == nil)
        #expect(Handover(decoding: Array(text.utf8).map { $0 == UInt8(ascii: "f") ? UInt8(ascii: "g") : $0 }) == nil)
    }

    /// No number of a descriptor is taken for another one.
    @Test func descriptorsThatAreCutAreFewerAndNoOthers() {
        let channels: [UInt64: Int32] = [7: 12, 123: 345, 1 << 56: 9]
        let bytes = HeldDescriptors.encoded(channels)
        #expect(HeldDescriptors.decoded(bytes) == channels)
        for cut in 0..<bytes.count {
            let some = HeldDescriptors.decoded(Array(bytes[..<cut]))
            #expect(some.count < 3 && some.allSatisfy { channels[$0.key] == $0.value }, "cut at \(cut): \(some)")
        }
    }

    @Test(arguments: LifeTests.modes) func tasksGoOn(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        var engine = try fixture.engine(slots: 2)
        let output = try fixture.file("out")
        let scripts = ["\(StopTests.daemon); sleep 1000", "exec sleep 1000", "echo third; exit 3"]
        for script in scripts {
            try engine.send(.launch(fixture.shell(script) { $0.descriptors = [1] }), descriptors: [output.number])
        }
        let first = try engine.start(of: 1)
        let second = try engine.start(of: 2)
        try eventually { readAll(output.number).hasSuffix("\n") }
        let daemon = try #require(pid_t(readAll(output.number).dropLast()))
        var before = 0
        for round in 0..<10 {
            fixture.send(SIGUSR2)
            try engine.waitForClose()
            engine = try TestEngine(connecting: fixture.link)
            try engine.greet()
            #expect(engine.waiting == [3] && engine.started == [1: first, 2: second])
            #expect(engine.welcome?.pid == fixture.pid && engine.welcome?.heardUpTo == 3)
            if round == 0 { before = fixture.openDescriptors }
        }
        #expect(fixture.openDescriptors == before)
        #expect(isAlive(daemon) && isAlive(first.pid) && isAlive(second.pid))
        try engine.send(.stop(attempt: 2, grace: 60_000))
        #expect(try engine.end(of: 2).code == SIGTERM)
        let third = try engine.end(of: 3)
        #expect(third.code == 3 && third.start.slot == 2)
        #expect(readAll(output.number).hasSuffix("third\n"))
        try engine.send(.stop(attempt: 1, grace: 60_000))
        #expect(try engine.end(of: 1).code == SIGTERM)
        #expect(!isAlive(daemon))
    }

    /// The service manager goes on counting over a new version, which must not begin its own count with half of that time: one after the
    /// other, they would never be heard, and all tasks be lost.
    @Test func everyVersionTellsAtOnceThatItLives() throws {
        let manager = try NotifySocket()
        let fixture = try Fixture(environment: ["NOTIFY_SOCKET=\(manager.path)", "WATCHDOG_USEC=7200000000"])
        for _ in 0..<4 {
            var heard: [String] = []
            try eventually {
                heard += manager.take()
                return heard.contains("WATCHDOG=1")
            }
            let engine = try fixture.engine()
            fixture.send(SIGUSR2)
            try engine.waitForClose()
        }
    }
}
