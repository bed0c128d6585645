import Testing

@testable import SupervisorLink

/// The link between programs of neighbouring versions. The bytes are what version 3 says, and never change.
@Suite struct VersionTests {
    static let olderHello: [UInt8] = [1, 0, 8, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0]
    static let olderWelcome: [UInt8] = [
        101, 0, 38, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1,
        1, 0, 0, 0, 57, 9, 0, 0, 0, 0, 0, 0, 0,
    ]
    static let olderOrder: [UInt8] = [
        3, 0, 66, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 55, 46, 49, 1, 0, 0, 0, 112, 1, 0, 0, 0, 1, 0, 0, 0, 97,
        0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
    ]
    /// The same with a channel: its number comes last.
    static let olderWorkerOrder: [UInt8] = [9, 0, 70] + olderOrder[3...] + [3, 0, 0, 0]

    @Test func theVersionBeforeIsUnderstood() {
        #expect(LinkProtocol.oldestVersion == LinkProtocol.version - 1)
    }

    static let welcome = SupervisorMessage.Welcome(
        version: 3, store: 2, heardUpTo: 3, pid: 4, cgroups: true, program: .init(release: "9", executedAt: 9))
    static let order = LaunchOrder(attempt: 7, name: "7.1", pool: "p", arguments: ["a"], descriptors: [1, 2])
    static let workerOrder = LaunchOrder(
        attempt: 7, name: "7.1", pool: "p", arguments: ["a"], descriptors: [1, 2], channel: 3)

    @Test func version3IsReadAsEver() throws {
        #expect(try EngineMessage.decode(Self.olderHello[...]) == [.hello(version: 3, oldest: 2)])
        #expect(try SupervisorMessage.decode(Self.olderWelcome[...]) == [.welcome(Self.welcome)])
        #expect(try EngineMessage.decode(Self.olderOrder[...]) == [.launch(Self.order)])
        #expect(try EngineMessage.decode(Self.olderWorkerOrder[...]) == [.launch(Self.workerOrder)])
    }

    @Test func version3IsWrittenAsEver() {
        #expect(EngineMessage.hello(version: 3, oldest: 2).encoded() == Self.olderHello)
        #expect(SupervisorMessage.welcome(Self.welcome).encoded() == Self.olderWelcome)
        #expect(EngineMessage.launch(Self.order).encoded() == Self.olderOrder)
        #expect(EngineMessage.launch(Self.workerOrder).encoded() == Self.olderWorkerOrder)
    }

    /// Only what a version knows is said to one that speaks it.
    @Test func whatASupervisorCanSweepIsSaidSinceVersion4() {
        #expect(EngineMessage.sweep(pool: "p", tasksBelow: 1, workersBelow: 1).since == 4)
        #expect(EngineMessage.launch(Samples.worktreeOrder).since == 4)
        #expect(EngineMessage.launch(Self.workerOrder).since == 3 && EngineMessage.stop(attempt: 7, grace: 0).since == 3)
    }

    @Test func aWorktreeIsForTasksWithoutADirectory() {
        for change in [{ $0.repository = "srv" }, { $0.name = "w7" }, { $0.directory = "/srv" }]
            as [(inout LaunchOrder) -> Void]
        {
            var order = Samples.worktreeOrder
            change(&order)
            let bytes = EngineMessage.launch(order).encoded()
            #expect(throws: LinkError.invalid("repository")) { try EngineMessage.decode(bytes[...]) }
        }
        #expect(WorkspacePaths.branch(of: "42.10") == "orchd/42-10")
    }

    @Test(arguments: ["", ".", "..", "a/b", "/", "a\n", "\u{85}", ".orch-left", String(repeating: "a", count: 256)])
    func whatIsNoNameForAFileIsRefused(_ name: String) {
        let bytes = SupervisorMessage.resultFiles(ResultFiles(attempt: 1, names: [name])).encoded()
        #expect(throws: LinkError.invalid("names of files")) { try SupervisorMessage.decode(bytes[...]) }
    }

    @Test func noMoreFilesThanDescriptorsAndNoMoreNamesThanAreShown() {
        let names = (0...LinkProtocol.maximumDescriptors).map { "\($0)" }
        let many = [
            ResultFiles(attempt: 1, names: names), ResultFiles(attempt: 1, left: [.init(.name, count: 9, names: names)]),
        ]
        for files in many {
            let bytes = SupervisorMessage.resultFiles(files).encoded()
            #expect(throws: LinkError.self) { try SupervisorMessage.decode(bytes[...]) }
        }
    }

    /// The longest that there can be, each byte of a name shown as three.
    @Test func whatIsToldOfADirectoryFitsAPacket() {
        let shown = String(repeating: "\u{FFFD}", count: 255)
        let left = ResultFiles.Reason.allCases.map {
            ResultFiles.Left($0, count: .max, names: [String](repeating: shown, count: ResultFiles.Left.examples))
        }
        let names = [String](repeating: String(repeating: "a", count: 255), count: LinkProtocol.maximumDescriptors)
        let bytes = SupervisorMessage.resultFiles(ResultFiles(attempt: 1, names: names, left: left)).encoded()
        #expect(bytes.count <= LinkProtocol.maximumPacket)
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
