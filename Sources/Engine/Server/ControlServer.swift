import Foundation
import Glibc
import NIOCore
import NIOPosix
import OrchProtocol
import Synchronization

/// The socket that clients connect to.
final class ControlServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let workers: NIOThreadPool
    private let channel: any Channel
    private let count: ConnectionCount

    /// Descriptors that connections must leave for the engine's own files.
    private static let reserve = 48

    /// - Parameter listener: a listening socket, which the server takes over.
    init(
        listener: Int32, router: RequestRouter, workers: NIOThreadPool, configuration: CurrentConfiguration
    ) throws {
        self.workers = workers
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let count = ConnectionCount()
        self.count = count
        channel = try ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 1 << 20)
            )
            .childChannelInitializer { channel in
                Self.welcome(channel, router, workers, configuration, count)
            }
            .withBoundSocket(listener)
            .wait()
    }

    private static func welcome(
        _ channel: any Channel, _ router: RequestRouter, _ workers: NIOThreadPool, _ current: CurrentConfiguration,
        _ count: ConnectionCount
    ) -> EventLoopFuture<Void> {
        let configuration = current.value
        let limit = min(configuration.connections, descriptorLimit - reserve)
        let isWelcome = count.enter() <= limit
        channel.closeFuture.whenComplete { _ in count.leave() }
        return channel.eventLoop.makeCompletedFuture {
            guard isWelcome else {
                let error = WireError(.tooManyConnections, "there are \(limit) connections already, which is the limit")
                try channel.pipeline.syncOperations.addHandler(RefusingHandler(error: error))
                return
            }
            let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self
            ) { try Peer(socket: $0) }
            guard let peer else { throw ChannelError.operationUnsupported }
            let handler = ConnectionHandler(
                router: router, requester: peer.requester(adminGroups: current.adminGroups), workers: workers,
                maximumInFlight: configuration.requestsInFlight)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
    }

    private static var descriptorLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Takes no more connections, and ends those there are.
    func stop() {
        try? channel.close().wait()
        try? group.syncShutdownGracefully()
    }
}

/// Tells a client why it is not served, and closes.
private final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let error: WireError

    init(error: WireError) { self.error = error }

    func channelActive(context: ChannelHandlerContext) {
        var line = (try? Wire.line(Response<Acknowledged>(id: nil, error: error))) ?? Data()
        line.append(UInt8(ascii: "\n"))
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
        context.close(promise: nil)
    }
}

/// How many connections there are.
private final class ConnectionCount: Sendable {
    private let count = Atomic(0)
    func enter() -> Int { count.add(1, ordering: .relaxed).newValue }
    func leave() { count.subtract(1, ordering: .relaxed) }
}
