import Testing
import Text

@testable import SupervisorLink

/// The link between programs of neighbouring versions. The bytes are what version 4 says, and never change.
@Suite struct VersionTests {
    static let olderHello: [UInt8] = [1, 0, 8, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0]
    static let olderWelcome: [UInt8] = [
        101, 0, 50, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1,
        1, 0, 0, 0, 57, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 112, 105, 100, 115,
    ]
    static let olderOrder: [UInt8] = [
        3, 0, 66, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 55, 46, 49, 1, 0, 0, 0, 112, 1, 0, 0, 0, 1, 0, 0, 0, 97,
        0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
    ]
    /// The same with a channel: its number comes last.
    static let olderWorkerOrder: [UInt8] = [9, 0, 70] + olderOrder[3...] + [3, 0, 0, 0]
    /// With everything that an order can have beside.
    static let olderFullOrder: [UInt8] =
        [11, 0, 118] + olderOrder[3...] + [
            1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 16, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
            107, 1, 0, 0, 0, 75, 1, 0, 0, 0, 232, 3, 0, 0,
        ]

    @Test func theVersionBeforeIsUnderstood() {
        #expect(LinkProtocol.oldestVersion == LinkProtocol.version - 1)
    }

    static let welcome = SupervisorMessage.Welcome(
        version: 4, store: 2, heardUpTo: 3, pid: 4, cgroups: true, controllers: ["pids"],
        program: .init(release: "9", executedAt: 9))
    static let order = LaunchOrder(attempt: 7, name: "7.1", pool: "p", arguments: ["a"], descriptors: [1, 2])
    static let workerOrder = LaunchOrder(
        attempt: 7, name: "7.1", pool: "p", arguments: ["a"], descriptors: [1, 2], channel: 3)
    static let fullOrder = LaunchOrder(
        attempt: 7, name: "7.1", pool: "p", arguments: ["a"], descriptors: [1, 2], controls: [.memory: 1 << 20],
        sandbox: .init(noNetwork: true), credentials: [.init(name: "k", variable: "K")], submitter: 1000, channel: 3)

    @Test func version4IsReadAsEver() throws {
        #expect(try EngineMessage.decode(Self.olderHello[...]) == [.hello(version: 4, oldest: 3)])
        #expect(try SupervisorMessage.decode(Self.olderWelcome[...]) == [.welcome(Self.welcome)])
        #expect(try EngineMessage.decode(Self.olderOrder[...]) == [.launch(Self.order)])
        #expect(try EngineMessage.decode(Self.olderWorkerOrder[...]) == [.launch(Self.workerOrder)])
        #expect(try EngineMessage.decode(Self.olderFullOrder[...]) == [.launch(Self.fullOrder)])
    }

    @Test func version4IsWrittenAsEver() {
        #expect(EngineMessage.hello(version: 4, oldest: 3).encoded() == Self.olderHello)
        #expect(SupervisorMessage.welcome(Self.welcome).encoded() == Self.olderWelcome)
        #expect(EngineMessage.launch(Self.order).encoded() == Self.olderOrder)
        #expect(EngineMessage.launch(Self.workerOrder).encoded() == Self.olderWorkerOrder)
        #expect(EngineMessage.launch(Self.fullOrder).encoded() == Self.olderFullOrder)
    }

    /// Only what a version knows is said to one that speaks it.
    @Test func whatIsNewIsSaidSinceVersion5() {
        for message in Samples.toEngine {
            switch message {
            case .closing, .door: #expect(message.since == 5)
            default: #expect(message.since == 4)
            }
        }
        let new: [EngineMessage] = [.launch(Samples.filledOrder), .launch(Samples.doorOrder)]
        for message in Samples.toSupervisor { #expect(message.since == (new.contains(message) ? 5 : 4)) }
    }

    /// Every string of version 4 is UTF-8; what else there is in an order is bytes since.
    @Test func bytesThatAreNoTextAreSaidSinceVersion5() throws {
        let bytes = ByteString([0x61, 0xFF])
        let changes: [(inout LaunchOrder) -> Void] = [
            { $0.arguments.append(bytes) }, { $0.environment.append("A=" + bytes) }, { $0.directory = "/" + bytes },
        ]
        for change in changes {
            for order in [Self.order, Self.workerOrder, Self.fullOrder] {
                var order = order
                #expect(EngineMessage.launch(order).since == 4)
                change(&order)
                #expect(EngineMessage.launch(order).since == 5)
                #expect(try EngineMessage.decode(EngineMessage.launch(order).encoded()[...]) == [.launch(order)])
            }
        }
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
