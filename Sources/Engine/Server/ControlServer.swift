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

/// The socket that clients connect to, and the doors of tasks.
final class ControlServer: Sendable {
    private let reception: Reception
    private let channel: any Channel

    /// - Parameters:
    ///   - listener: a listening socket, which the server takes over. Nobody is served before ``open()``.
    init(listener: Int32, _ reception: Reception) throws {
        self.reception = reception
        channel = try reception.bootstrap { reception.welcome($0) }
            .serverChannelOption(.autoRead, value: false)
            .withBoundSocket(listener)
            .wait()
        reception.doors.serve { listener, attempt in
            reception.bootstrap { reception.welcome($0, at: attempt) }.withBoundSocket(listener)
        }
    }

    func open() { channel.setOption(.autoRead, value: true).whenComplete { _ in } }

    /// Takes no more connections, and ends those there are.
    func stop() {
        try? channel.close().wait()
        try? reception.loops.syncShutdownGracefully()
    }
}

/// Who is served, and as whom.
struct Reception: Sendable {
    let loops: MultiThreadedEventLoopGroup
    let router: RequestRouter
    let readers: NIOThreadPool
    let configuration: CurrentConfiguration
    /// How many connections there can be.
    let descriptors: DescriptorBudget
    let processes: TaskProcesses
    let doors: Doors
    private let shares: Shares
    private let guests = ConnectionCount()

    init(
        loops: MultiThreadedEventLoopGroup, router: RequestRouter, readers: NIOThreadPool,
        configuration: CurrentConfiguration, descriptors: DescriptorBudget, processes: TaskProcesses, doors: Doors
    ) {
        self.loops = loops
        self.router = router
        self.readers = readers
        self.configuration = configuration
        self.descriptors = descriptors
        self.processes = processes
        self.doors = doors
        shares = Shares(configuration, descriptors)
    }

    fileprivate func bootstrap(
        _ welcome: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> ServerBootstrap {
        ServerBootstrap(group: loops)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 1 << 20)
            )
            .childChannelInitializer(welcome)
    }

    /// Somebody at the socket of the daemon: the user that the kernel says, unless it is a process of a task.
    fileprivate func welcome(_ channel: any Channel) -> EventLoopFuture<Void> {
        serve(channel) { socket throws(WireError) in
            let peer: Peer
            do throws(SystemError) { peer = try Peer(socket: socket) } catch {
                throw WireError(.forbidden, "\(error)")
            }
            let owner = processes.owner(of: socket)
            // Of a process that cannot be seen, only those need be feared who could be tasks.
            if owner != .unknown || !(peer.uid == 0 || peer.uid == geteuid() || !processes.areWalls),
                let complaint = doors.complaint(about: owner, uid: peer.uid)
            {
                throw complaint
            }
            let requester = peer.requester(configuration)
            if let complaint = shares.take(.connections, of: requester) { throw complaint }
            channel.closeFuture.whenComplete { [shares] _ in shares.give(.connections, of: requester) }
            return requester
        }
    }

    /// Somebody at the door of an attempt: its task, if it is a process of that attempt.
    fileprivate func welcome(_ channel: any Channel, at attempt: Int64) -> EventLoopFuture<Void> {
        let configuration = configuration.value
        let isWelcome = guests.enter() <= descriptors.guests(configuration)
        channel.closeFuture.whenComplete { [guests] _ in guests.leave() }
        guard doors.enter(attempt, channel) else { return channel.close() }
        return serve(channel) { socket throws(WireError) in
            guard isWelcome else {
                throw WireError(.tooManyConnections, "too many connections are open through the doors of tasks")
            }
            return try doors.requester(at: attempt, processes.owner(of: socket))
        }
    }

    private func serve(
        _ channel: any Channel, _ requester: @escaping @Sendable (Int32) throws(WireError) -> Requester
    ) -> EventLoopFuture<Void> {
        let inFlight = configuration.value.requestsInFlight
        return channel.eventLoop.makeCompletedFuture {
            let found = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self
            ) { socket -> Result<Requester, WireError> in
                do throws(WireError) { return .success(try requester(socket)) } catch { return .failure(error) }
            }
            switch found {
            case .success(let requester):
                let handler = ConnectionHandler(
                    requester: requester, readers: readers, shares: shares, maximumInFlight: inFlight
                ) { [router] in router.take($0, by: $1, $2) }
                try channel.pipeline.syncOperations.addHandler(handler)
            case .failure(let error): try channel.pipeline.syncOperations.addHandler(RefusingHandler(error: error))
            case nil: throw ChannelError.operationUnsupported
            }
        }
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
    /// Where a listening socket can be reached.
    static func path(of listener: Int32) -> String? {
        var path = [CChar](repeating: 0, count: 109)
        guard linux_unix_path(listener, &path, path.count) > 0 else { return nil }
        return String(validating: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

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
