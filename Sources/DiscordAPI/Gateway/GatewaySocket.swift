import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// One connection to the gateway.
struct GatewaySocket: Sendable {
    enum Failure: Error { case refused(status: Int) }

    private let channel: NIOAsyncChannel<WebSocketFrame, Never>

    /// A guild with everything in it is one message. What is larger than any is refused by ending the connection.
    private static let messageBytes = 16 << 20
    private static let connectSeconds: Int64 = 20
    /// How long the other side has to answer a close.
    private static let closeSeconds: Int64 = 2

    /// Connects within a bounded time.
    static func open(_ address: WebAddress, _ network: DiscordNetwork) async throws -> GatewaySocket {
        let context = address.isSecure ? try NIOSSLContext(configuration: network.tls) : nil
        let opening = NIOLockedValueBox<(any NIOCore.Channel)?>(nil)
        let bootstrap = ClientBootstrap(group: network.group).connectTimeout(.seconds(connectSeconds))
        return try await withTaskCancellationHandler {
            let upgrade = try await bootstrap.connect(host: address.host, port: address.port) { channel in
                opening.withLockedValue { $0 = channel }
                let deadline = channel.eventLoop.scheduleTask(in: .seconds(connectSeconds)) {
                    channel.close(mode: .all, promise: nil)
                }
                return channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let isName = !address.host.utf8.allSatisfy { (0x30...0x3A).contains($0) || $0 == 0x2E }
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: isName ? address.host : nil))
                    }
                    return try Self.upgrade(channel, to: address).always { _ in deadline.cancel() }
                }
            }
            let socket = try await upgrade.get()
            // What came together with the answer to the upgrade is handed on without the word that a read is complete, on which it is delivered.
            socket.channel.channel.pipeline.fireChannelReadComplete()
            return socket
        } onCancel: {
            opening.withLockedValue { $0?.close(mode: .all, promise: nil) }
        }
    }

    private static func upgrade(_ channel: any NIOCore.Channel, to address: WebAddress) throws -> EventLoopFuture<GatewaySocket>
    {
        let upgrader = NIOTypedWebSocketClientUpgrader<GatewaySocket>(maxFrameSize: messageBytes) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                let whole = NIOWebSocketFrameAggregator(
                    minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 17, maxAccumulatedFrameSize: messageBytes)
                try channel.pipeline.syncOperations.addHandler(whole)
                return GatewaySocket(channel: try NIOAsyncChannel(wrappingChannelSynchronously: channel))
            }
        }
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: address.authority)
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.path, headers: headers)
        let configuration = NIOTypedHTTPClientUpgradeConfiguration(upgradeRequestHead: head, upgraders: [upgrader]) { channel in
            channel.eventLoop.makeFailedFuture(Failure.refused(status: 0))
        }
        var pipeline = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
        // The server's first message may come together with its answer to the upgrade.
        pipeline.leftOverBytesStrategy = .forwardBytes
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: pipeline)
    }

    /// Hands over each message, one after the other, until the connection is over. The code with which the other side has ended it, if it has
    /// named one.
    func read(_ take: @Sendable (_ message: [UInt8]) async -> Void) async -> Int? {
        let code = NIOLockedValueBox<Int?>(nil)
        do {
            try await channel.executeThenClose { frames in
                for try await frame in frames {
                    switch frame.opcode {
                    case .text, .binary: await take(Array(frame.unmaskedData.readableBytesView))
                    case .ping: write(.pong, frame.unmaskedData)
                    case .connectionClose:
                        var data = frame.unmaskedData
                        code.withLockedValue { $0 = data.readInteger(as: UInt16.self).map(Int.init) }
                        // The answer to a close is a close, and then nobody says anything more.
                        try? await written(.connectionClose, frame.unmaskedData)
                        return
                    default: break
                    }
                }
                if Task.isCancelled { try? await written(.connectionClose, Self.closing(OwnClose.leaving)) }
            }
        } catch {
            // However it ended, it is over.
        }
        return code.withLockedValue { $0 }
    }

    func send(_ text: String) { write(.text, ByteBuffer(string: text)) }

    /// Says good-bye, and does not wait long for the answer. `read` ends.
    func close(code: Int) {
        write(.connectionClose, Self.closing(code))
        let channel = channel.channel
        channel.eventLoop.scheduleTask(in: .seconds(Self.closeSeconds)) { channel.close(mode: .all, promise: nil) }
    }

    private static func closing(_ code: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt16(clamping: code))
        return buffer
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        channel.channel.writeAndFlush(Self.frame(opcode, data), promise: nil)
    }

    private func written(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws {
        try await channel.channel.writeAndFlush(Self.frame(opcode, data))
    }

    /// Whatever a client sends has to be masked.
    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
    }
}
