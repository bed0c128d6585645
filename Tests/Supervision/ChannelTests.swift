import Glibc
import Platform
import SupervisorLink
import Testing

@testable import Supervision

/// The channels of warm workers, which outlive engines and the supervisor's own program.
@Suite struct ChannelTests {
    /// Says that it is there, and answers each line with the same.
    private static let echo = "echo ready >&5; while read -r line <&5; do echo \"got $line\" >&5; done; echo last >&5"

    private func worker(_ fixture: Fixture, _ script: String) -> LaunchOrder {
        fixture.shell(script) {
            $0.name = "w\($0.attempt)"
            $0.channel = 5
        }
    }

    private func say(_ text: String, to channel: Descriptor?) throws {
        let channel = try #require(channel)
        let bytes = Array(text.utf8)
        #expect(send(channel.number, bytes, bytes.count, 0) == bytes.count)
    }

    /// What has been said and not been taken out, once it is as long as this; and takes it out if asked to.
    private func hear(_ text: String, from channel: Descriptor?, peeking: Bool = false) throws {
        let channel = try #require(channel)
        var buffer = [UInt8](repeating: 0, count: 1000)
        var count = 0
        try eventually {
            count = recv(channel.number, &buffer, buffer.count, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
            return count >= text.utf8.count
        }
        #expect(String(decoding: buffer.prefix(count), as: UTF8.self) == text)
        if !peeking { #expect(recv(channel.number, &buffer, count, 0) == count) }
    }

    @Test func anEngineTalksToAWorkerThatAnotherHasStarted() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        try engine.send(.launch(worker(fixture, Self.echo)))
        try engine.wait("the channel") { engine.channels[1] != nil }
        #expect(engine.started[1] != nil, "the start comes first")
        try hear("ready\n", from: engine.channels[1])
        try say("one\n", to: engine.channels[1])
        // What nobody has taken out is there for the next.
        try hear("got one\n", from: engine.channels[1], peeking: true)
        engine = try fixture.engine()
        try hear("got one\n", from: engine.channels[1])
        try say("two\n", to: engine.channels[1])
        try hear("got two\n", from: engine.channels[1])
    }

    @Test func whatWasSaidLastIsThereUntilTheEndIsAcknowledged() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine()
        engine.acknowledges = false
        try engine.send(.launch(worker(fixture, "echo ready >&5; echo last >&5")))
        _ = try engine.end(of: 1)
        #expect(engine.channels[1] != nil, "the channel comes before the end")
        try hear("ready\nlast\n", from: engine.channels[1], peeking: true)
        engine = try TestEngine(connecting: fixture.link)
        try engine.greet()
        #expect(engine.ended[1]?.code == 0)
        try hear("ready\nlast\n", from: engine.channels[1])
        let third = try TestEngine(connecting: fixture.link)
        try third.greet()
        #expect(third.channels.isEmpty && third.ended.isEmpty)
    }

    @Test func channelsGoOverToTheNextVersion() throws {
        let fixture = try Fixture()
        var engine = try fixture.engine(slots: 2)
        engine.acknowledges = false
        try engine.send(.launch(worker(fixture, Self.echo)))
        try engine.send(.launch(worker(fixture, "echo gone >&5")))
        _ = try engine.end(of: 2)
        try engine.wait("the channel") { engine.channels[1] != nil }
        try hear("ready\n", from: engine.channels[1])
        let mine = engine.channels[1]
        var before = 0
        for round in 0..<3 {
            fixture.send(SIGUSR2)
            try engine.waitForClose()
            engine = try TestEngine(connecting: fixture.link)
            engine.acknowledges = round == 2
            try engine.greet()
            try say("\(round)\n", to: engine.channels[1])
            try hear("got \(round)\n", from: engine.channels[1])
            try hear("gone\n", from: engine.channels[2], peeking: round < 2)
            if round == 0 { before = fixture.openDescriptors }
            if round == 1 { #expect(fixture.openDescriptors == before) }
        }
        // The engine that was there before goes on with the one that it has.
        try say("mine\n", to: mine)
        try hear("got mine\n", from: mine)
    }

    @Test func whatIsHandedOverIsWhatArrives() {
        let channels: [UInt64: Int32] = [7: 12, 1 << 56: 5]
        #expect(HeldDescriptors.decoded(HeldDescriptors.encoded(channels)) == channels)
        // The last line was cut, and may have had another digit.
        #expect(HeldDescriptors.decoded(Array("1\n2 x\n3 4 5\n6 7\n8 1".utf8)) == [6: 7])
    }
}
