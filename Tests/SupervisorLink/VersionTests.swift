import Testing

@testable import SupervisorLink

/// The link between programs of neighbouring versions. The bytes are what version 2 says, and never change.
@Suite struct VersionTests {
    static let olderHello: [UInt8] = [1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]
    static let olderWelcome: [UInt8] = [
        101, 0, 38, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1,
        1, 0, 0, 0, 57, 9, 0, 0, 0, 0, 0, 0, 0,
    ]
    static let olderOrder: [UInt8] = [
        3, 0, 66, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 55, 46, 49, 1, 0, 0, 0, 112, 1, 0, 0, 0, 1, 0, 0, 0, 97,
        0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
    ]

    @Test func theVersionBeforeIsUnderstood() {
        #expect(LinkProtocol.oldestVersion == LinkProtocol.version - 1)
    }

    static let welcome = SupervisorMessage.Welcome(
        version: 2, store: 2, heardUpTo: 3, pid: 4, cgroups: true, program: .init(release: "9", executedAt: 9))
    static let order = LaunchOrder(attempt: 7, name: "7.1", pool: "p", arguments: ["a"], descriptors: [1, 2])

    @Test func version2IsReadAsEver() throws {
        #expect(try EngineMessage.decode(Self.olderHello[...]) == [.hello(version: 2, oldest: 1)])
        #expect(try SupervisorMessage.decode(Self.olderWelcome[...]) == [.welcome(Self.welcome)])
        #expect(try EngineMessage.decode(Self.olderOrder[...]) == [.launch(Self.order)])
    }

    @Test func version2IsWrittenAsEver() {
        #expect(EngineMessage.hello(version: 2, oldest: 1).encoded() == Self.olderHello)
        #expect(SupervisorMessage.welcome(Self.welcome).encoded() == Self.olderWelcome)
        #expect(EngineMessage.launch(Self.order).encoded() == Self.olderOrder)
    }

    /// Only what a version knows is said to one that speaks it.
    @Test func whatIsOfWorkersIsSaidSinceVersion3() {
        var order = Self.order
        #expect(EngineMessage.launch(order).since == 2)
        order.channel = 3
        #expect(EngineMessage.launch(order).since == 3)
        #expect(EngineMessage.discard(pool: "p", name: "7.1").since == 2)
        #expect(EngineMessage.discard(pool: "p", name: "w7").since == 3)
        #expect(EngineMessage.stop(attempt: 7, grace: 0).since == 2)
    }

    @Test func aHelloOfALaterVersionMaySayMore() throws {
        var hello = EngineMessage.hello(version: 9, oldest: 2).encoded() + [1, 2, 3]
        hello[2] += 3
        #expect(try EngineMessage.decode(hello[...]) == [.hello(version: 9, oldest: 2)])
    }

    @Test func everythingElseSaysWhatItsVersionSays() {
        var revoke = EngineMessage.revoke(attempt: 1).encoded() + [0]
        revoke[2] += 1
        #expect(throws: LinkError.trailing) { try EngineMessage.decode(revoke[...]) }
        #expect(throws: LinkError.unknownKind(99)) { try EngineMessage.decode([99, 0, 0, 0, 0, 0]) }
    }
}
