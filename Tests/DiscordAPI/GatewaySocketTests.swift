import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Testing

@testable import DiscordAPI

@Suite struct GatewaySocketTests {
    private static let messages = [#"{"op":10,"d":{"heartbeat_interval":41250}}"#, #"{"op":11}"#]

    /// Whatever of the first messages comes together with the answer to the upgrade: nothing, half a frame, or all of it.
    @Test(.timeLimit(.minutes(1))) func `a server that greets at once is heard, wherever its greeting is cut`() async throws {
        let network = try DiscordNetwork(try DiscordPlaces())
        let greeting = Self.messages.reduce(into: [UInt8]()) { $0 += [0x81, UInt8($1.utf8.count)] + Array($1.utf8) }
        for cut in 0...greeting.count {
            let (early, late) = (Array(greeting[..<cut]), Array(greeting[cut...]))
            let server = try await Self.server(network, early: early, late: late)
            let port = try #require(server.localAddress?.port)
            let socket = try await GatewaySocket.open(try #require(WebAddress("ws://127.0.0.1:\(port)/")), network)
            if !late.isEmpty { socket.send("go on") }
            let heard = NIOLockedValueBox<[String]>([])
            _ = await socket.read { message in
                let count = heard.withLockedValue {
                    $0.append(String(decoding: message, as: UTF8.self))
                    return $0.count
                }
                if count == Self.messages.count { socket.close(code: OwnClose.leaving) }
            }
            #expect(heard.withLockedValue { $0 } == Self.messages, "cut after \(cut) bytes")
            try await server.close()
        }
        await network.close()
    }

    private static func server(_ network: DiscordNetwork, early: [UInt8], late: [UInt8]) async throws -> any NIOCore.Channel {
        try await ServerBootstrap(group: network.group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Hasty(early: early, late: late))
                let upgrader = NIOWebSocketServerUpgrader(
                    shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
                    upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
                try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                    withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
    }
}

/// Sends a part of the greeting in one piece with the answer to the upgrade, and the rest of it when something has come since. Then it ends with
/// the next that comes.
private final class Hasty: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var early: [UInt8]?
    private var late: [UInt8]

    init(early: [UInt8], late: [UInt8]) {
        self.early = early
        self.late = late
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let early else { return context.write(data, promise: promise) }
        self.early = nil
        var answer = unwrapOutboundIn(data)
        answer.writeBytes(early)
        context.write(wrapOutboundOut(answer), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if early != nil { return context.fireChannelRead(data) }
        guard !late.isEmpty else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: late)), promise: nil)
        late = []
    }
}
