import TestSupport
import Testing

@testable import SupervisorLink

/// Bytes of any kind either decode or throw.
@Suite struct HostileBytesTests {
    @Test func everyPrefixIsRefused() {
        for message in Samples.toSupervisor {
            let bytes = message.encoded()
            for count in 1..<bytes.count {
                #expect(throws: LinkError.self) { try EngineMessage.decode(bytes[..<count]) }
            }
        }
    }

    @Test func mutationsNeverCrash() {
        var random = SeededGenerator(1)
        for round in 0..<20_000 {
            var bytes = (Samples.toSupervisor.randomElement(using: &random) ?? .revoke(attempt: 1)).encoded()
            for _ in 0...(round % 4) { bytes[Int.random(in: 0..<bytes.count, using: &random)] = random.byte() }
            if let messages = try? EngineMessage.decode(bytes[...]) {
                // Whatever is accepted says the same again.
                #expect((try? EngineMessage.decode(messages.flatMap { $0.encoded() }[...])) == messages)
            }
            var other = (Samples.toEngine.randomElement(using: &random) ?? .inventoryEnd).encoded()
            other[Int.random(in: 0..<other.count, using: &random)] = random.byte()
            _ = try? SupervisorMessage.decode(other[...])
        }
    }

    @Test func randomBytesNeverCrash() {
        var random = SeededGenerator(2)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in random.byte() }
            _ = try? EngineMessage.decode(bytes[...])
            _ = try? SupervisorMessage.decode(bytes[...])
            _ = try? EndReport(decoding: bytes[...])
        }
    }

    @Test func aFalseCountReservesNothing() {
        // acknowledge, 4 bytes of body: 4 294 967 295 attempts follow.
        #expect(throws: LinkError.truncated) { try EngineMessage.decode([6, 0, 4, 0, 0, 0, 255, 255, 255, 255]) }
    }

    @Test(
        arguments: [
            { $0.attempt = 0 }, { $0.attempt = LinkProtocol.maximumAttempt + 1 }, { $0.name = "../x" }, { $0.name = ".1" },
            { $0.pool = "a/b" }, { $0.pool = "" }, { $0.arguments = [] }, { $0.arguments = [""] }, { $0.arguments = ["a\0b"] },
            { $0.environment = ["=x"] }, { $0.environment = ["x"] }, { $0.directory = "x" }, { $0.umask = 0o1000 },
            { $0.nice = 20 }, { $0.oomScoreAdjust = 1001 }, { $0.limits = [.init(resource: 16, soft: 1, hard: 1)] },
            { $0.limits = [.init(resource: 1, soft: 2, hard: 1)] }, { $0.descriptors = [1, 1] }, { $0.descriptors = [64] },
            { $0.descriptors = Array(0..<16) },
        ] as [@Sendable (inout LaunchOrder) -> Void])
    func anOrderOutOfBoundsIsRefused(change: @Sendable (inout LaunchOrder) -> Void) {
        var order = Samples.order
        change(&order)
        #expect(throws: LinkError.self) { try EngineMessage.decode(EngineMessage.launch(order).encoded()[...]) }
    }
}
