import CLinux
import DaemonConfiguration
import Foundation
import Glibc
import NIOCore
import NIOPosix
import OrchProtocol
import Platform
import Scheduling
import Synchronization

/// The socket that clients connect to.
final class ControlServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    /// - Parameters:
    ///   - listener: a listening socket, which the server takes over.
    ///   - descriptors: how many connections there can be.
    init(
        listener: Int32, loops: MultiThreadedEventLoopGroup, router: RequestRouter, readers: NIOThreadPool,
        configuration: CurrentConfiguration, descriptors: DescriptorBudget
    ) throws {
        group = loops
        let count = ConnectionCount()
        channel = try ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 1 << 20)
            )
            .childChannelInitializer { channel in
                Self.welcome(channel, router, readers, configuration, count, descriptors)
            }
            .withBoundSocket(listener)
            .wait()
    }

    private static func welcome(
        _ channel: any Channel, _ router: RequestRouter, _ readers: NIOThreadPool, _ current: CurrentConfiguration,
        _ count: ConnectionCount, _ descriptors: DescriptorBudget
    ) -> EventLoopFuture<Void> {
        let configuration = current.value
        let isWelcome = count.enter() <= descriptors.connections(configuration)
        channel.closeFuture.whenComplete { _ in count.leave() }
        return channel.eventLoop.makeCompletedFuture {
            guard isWelcome else {
                try channel.pipeline.syncOperations.addHandler(RefusingHandler(error: descriptors.refusal(configuration)))
                return
            }
            let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self
            ) { try Peer(socket: $0) }
            guard let peer else { throw ChannelError.operationUnsupported }
            let handler = ConnectionHandler(
                router: router, requester: peer.requester(current), readers: readers,
                maximumInFlight: configuration.requestsInFlight)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
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

/// Who is at the other end of a connection, from the kernel.
struct Peer: Sendable {
    var uid: UInt32
    var pid: Int32
    var groups: [UInt32]

    /// - Throws: ``SystemError``.
    init(socket: Int32) throws(SystemError) {
        var credentials = linux_peer()
        let result = linux_peer_credentials(socket, &credentials)
        guard result >= 0 else { throw SystemError("ask who has connected", code: -result) }
        uid = credentials.uid
        pid = credentials.pid
        var buffer = [gid_t](repeating: 0, count: 1024)
        let count = linux_peer_groups(socket, &buffer, buffer.count)
        groups = [credentials.gid] + (count > 0 ? Array(buffer.prefix(Int(count))) : [])
    }

    /// Root, the engine's own user, and members of the admin groups may do everything.
    func requester(_ current: CurrentConfiguration) -> Requester {
        let isAdministrator = uid == 0 || uid == geteuid() || groups.contains(where: current.adminGroups.contains)
        let configuration = current.value
        return Requester(
            uid: uid, isAdministrator: isAdministrator, groups: groups, isBridge: configuration.bridges.contains(uid),
            grants: configuration.grants[uid] ?? [])
    }
}

/// The listening socket of the daemon.
public enum Listener {
    /// Listens at a path. A socket that a dead daemon left there is replaced.
    ///
    /// - Throws: ``StartError`` where a live daemon serves it, or it cannot be made.
    public static func make(at path: String) throws -> Int32 {
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw StartError("\(path) exists and is not a socket. Move it, or choose another path with --socket.")
            }
            let probe = linux_unix_connect(path, Int32(SOCK_STREAM.rawValue))
            if probe >= 0 {
                close(probe)
                throw StartError("another daemon listens at \(path); stop it first, or choose another path with --socket")
            }
        }
        let socket = linux_unix_listen(path, Int32(SOCK_STREAM.rawValue), 0o600, 4096)
        guard socket >= 0 else { throw StartError("\(SystemError("listen at \(path)", code: -socket))") }
        return socket
    }
}
