import DaemonConfiguration
import NIOCore
import NIOEmbedded
import NIOPosix
import OrchProtocol
import Scheduling
import TestSupport
import Testing

@testable import Engine

/// What one client may have of what is there for all.
@Suite struct SharesTests {
    private let root = Requester(uid: 0, isAdministrator: true)

    private func user(_ uid: UInt32) -> Requester { Requester(uid: uid, isAdministrator: false) }

    private func shares(connections: Int = 100, _ given: [UInt32: Int] = [:]) -> Shares {
        var configuration = Configuration()
        configuration.connections = connections
        configuration.shares = given
        return Shares(CurrentConfiguration(configuration), DescriptorBudget(limit: 100_000))
    }

    /// How much somebody gets, one by one.
    private func taken(_ thing: Shares.Thing, by requester: Requester, from shares: Shares, each: Int = 1) -> Int {
        var count = 0
        while shares.take(thing, each, of: requester) == nil { count += 1 }
        return count
    }

    @Test(arguments: [Shares.Thing.connections, .streams, .bytes]) func nobodyHasMoreThanTheirShareAndAllHaveThat(
        thing: Shares.Thing
    ) {
        let each = thing == .bytes ? 1 << 20 : 1
        let all = [Shares.Thing.connections: 100, .streams: 8_192, .bytes: 1_024][thing] ?? 0
        let shares = shares([7: 50, 8: 1])
        let usual = all * 12 / 100
        #expect(taken(thing, by: user(1), from: shares, each: each) == usual)
        #expect(shares.take(thing, each, of: user(1))?.message.contains("uid 1 has") == true)
        // One who has less gets enough to work with; one who has more gets that.
        let least = [Shares.Thing.connections: 4, .streams: 81, .bytes: 64][thing] ?? 0
        #expect(taken(thing, by: user(8), from: shares, each: each) == least)
        #expect(taken(thing, by: user(7), from: shares, each: each) == all / 2)
        // Each task at its door is somebody, and has nothing of its user's.
        #expect(taken(thing, by: .task(5, attempt: 1, uid: 7), from: shares, each: each) == usual)
        // What was given back is there again, for whom it belongs to.
        for _ in 0..<3 { shares.give(thing, each, of: user(1)) }
        #expect(taken(thing, by: user(1), from: shares, each: each) == 3)
        // However many they are, administrators get in.
        for uid in 20..<40 { _ = taken(thing, by: user(UInt32(uid)), from: shares, each: each) }
        #expect(shares.take(thing, each, of: user(99)) != nil)
        if thing == .connections { #expect(taken(thing, by: root, from: shares) == 12) }
    }

    @Test func theLastOnesAreForAdministratorsAlone() {
        let shares = shares(connections: 1024)
        let users = (1...20).reduce(0) { $0 + taken(.connections, by: user(UInt32($1)), from: shares) }
        #expect(users == 1024 - 16)
        #expect(taken(.connections, by: root, from: shares) == 16)
        #expect(shares.take(.connections, of: root)?.kind == .tooManyConnections)
    }

    // MARK: Connections

    private func connect(_ shares: Shares, as requester: Requester) throws -> EmbeddedChannel {
        let handler = ConnectionHandler(
            requester: requester, readers: NIOThreadPool(numberOfThreads: 1), shares: shares, maximumInFlight: 8
        ) { _, _, responder in responder.succeed(Acknowledged("done")) }
        let channel = EmbeddedChannel(handler: handler)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/none")).wait()
        return channel
    }

    private func write(_ text: String, to channel: EmbeddedChannel) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    private func said(_ channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: part) }
        return text
    }

    private static let version = #"{"jsonrpc":"2.0","id":1,"method":"daemon.version"}"#

    @Test func aRequestThatBeginsHasToEnd() throws {
        let channel = try connect(shares(), as: user(1))
        try write(#"{"jsonrpc":"#, to: channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(29))
        #expect(channel.isActive)
        // A little now and then does not help.
        try write(#""2.0","#, to: channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(try said(channel).contains("did not come within 30 s"))
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test func eachRequestHasItsOwnTime() throws {
        let channel = try connect(shares(), as: user(1))
        for _ in 0..<10 {
            let half = Self.version.index(Self.version.startIndex, offsetBy: 20)
            try write(String(Self.version[..<half]), to: channel)
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            try write(Self.version[half...] + "\n" + #"{"json"#, to: channel)
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            try write(Self.version.dropFirst(7) + "\n", to: channel)
        }
        #expect(channel.isActive)
        #expect(try said(channel).split(separator: "\n").count == 20)
        _ = try channel.finish()
    }

    @Test func aConnectionThatNobodyUsesGoes() throws {
        let channel = try connect(shares(), as: user(1))
        for _ in 0..<4 {
            channel.embeddedEventLoop.advanceTime(by: .minutes(9))
            try write(Self.version + "\n", to: channel)
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .minutes(11))
        #expect(!channel.isActive)
    }

    /// Whatever end a connection has, what it held is free again.
    @Test func whatAConnectionHeldIsGivenBack() throws {
        let shares = shares()
        for _ in 0..<3 {
            let channel = try connect(shares, as: user(1))
            for _ in 0..<200 where channel.isActive { try write(String(repeating: "x", count: 1 << 20), to: channel) }
            // A line that is no submission ends earlier.
            #expect(try said(channel).contains("a line has at most"))
            channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            #expect(!channel.isActive)
        }
        #expect(taken(.bytes, by: user(1), from: shares, each: 1 << 20) == 122)
    }

    @Test func manyConnectionsHoldNoMoreThanOne() throws {
        let shares = shares()
        let begin = #"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":""#
        var channels: [EmbeddedChannel] = []
        for _ in 0..<8 {
            let channel = try connect(shares, as: user(1))
            try write(begin, to: channel)
            for _ in 0..<40 where channel.isActive { try write(String(repeating: "x", count: 1 << 20), to: channel) }
            channels.append(channel)
        }
        let refused = try channels.filter { try said($0).contains("which is its share") }
        #expect(refused.count == 5, "\(refused.count)")
        #expect(shares.take(.bytes, 1 << 20, of: user(2)) == nil)
    }
}
