import Testing

@testable import SupervisorLink

/// The link between programs of neighbouring versions. The bytes are what version 1 says, and never change.
@Suite struct VersionTests {
    static let firstHello: [UInt8] = [1, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
    static let firstWelcome: [UInt8] = [
        101, 0, 25, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1,
    ]

    @Test func theVersionBeforeIsUnderstood() {
        #expect(LinkProtocol.oldestVersion == LinkProtocol.version - 1)
    }

    @Test func version1IsReadAsEver() throws {
        #expect(try EngineMessage.decode(Self.firstHello[...]) == [.hello(version: 1, oldest: 1)])
        let welcome = SupervisorMessage.Welcome(version: 1, store: 2, heardUpTo: 3, pid: 4, cgroups: true)
        #expect(try SupervisorMessage.decode(Self.firstWelcome[...]) == [.welcome(welcome)])
    }

    @Test func version1IsWrittenAsEver() {
        #expect(EngineMessage.hello(version: 1, oldest: 1).encoded() == Self.firstHello)
        // What a later version adds is not said to one that does not know it.
        let welcome = SupervisorMessage.Welcome(
            version: 1, store: 2, heardUpTo: 3, pid: 4, cgroups: true, program: .init(release: "9", executedAt: 9))
        #expect(SupervisorMessage.welcome(welcome).encoded() == Self.firstWelcome)
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
