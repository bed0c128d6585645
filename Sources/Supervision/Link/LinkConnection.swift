import CLinux
import Glibc
import Platform
import SupervisorLink

/// One engine's connection: packets in, packets out, never waiting.
final class LinkConnection {
    /// What came in one packet.
    struct Delivery {
        var messages: [EngineMessage]
        /// Those of the one message that has some.
        var descriptors: [Descriptor]
        /// Some descriptors could not be received.
        var lacksDescriptors: Bool
    }

    /// Why the connection must end.
    enum Fault: Error {
        case closed
        /// Another engine has connected, which is not news where the old one has just gone.
        case replaced
        case system(SystemError)
        case undecodable(LinkError)
        case violation(String)

        /// What the engine has done. Nil where nobody needs to hear of it.
        var reason: String? {
            switch self {
            case .closed, .system: nil
            case .replaced: "was replaced by another one that has connected"
            case .undecodable(let error): "sent something that does not decode (\(error))"
            case .violation(let what): what
            }
        }

        /// The same for the log.
        var message: String? {
            switch self {
            case .closed, .replaced: nil
            case .system(let error): "the connection to the engine failed: \(error)"
            case .undecodable, .violation: reason.map { "the engine \($0); its connection is closed" }
            }
        }
    }

    let socket: Descriptor
    var token: EventLoop<Supervisor.Source>.Token?
    /// The version that both speak, once the engine has said hello.
    var version: UInt32?
    var isGreeted: Bool { version != nil }
    /// Since when nothing could be sent, on the monotonic clock.
    var blockedSince: Int64?
    /// Whether the loop tells when there is room again.
    var awaitsRoom = false
    private var buffer = [UInt8](repeating: 0, count: LinkProtocol.maximumPacket)

    init(_ socket: Descriptor) { self.socket = socket }

    /// The next packet; nil if none is there.
    func receive() throws(Fault) -> Delivery? {
        var packet = linux_packet()
        let result = linux_receive_packet(socket.number, &buffer, buffer.count, false, &packet)
        if result == -EAGAIN { return nil }
        guard result == 0 else { throw .system(SystemError("receive from the engine", code: -result)) }
        // Taken into custody before anything can throw.
        var descriptors = withUnsafeBytes(of: packet.descriptors) {
            $0.bindMemory(to: Int32.self).prefix(packet.descriptor_count).map { Descriptor($0) }
        }
        guard packet.count > 0 else { throw .closed }
        guard !packet.bytes_cut else { throw .undecodable(.tooLong) }

        var bytes = buffer[..<packet.count]
        if isInMemory(bytes) {
            guard !descriptors.isEmpty else {
                throw .violation(
                    packet.descriptors_cut ? "sent a message without its descriptor" : "sent no memfd")
            }
            bytes = try contents(of: descriptors.removeFirst())[...]
        }
        let messages: [EngineMessage]
        do throws(LinkError) { messages = try EngineMessage.decode(bytes) } catch { throw .undecodable(error) }
        try assign(descriptors.count, to: messages, cut: packet.descriptors_cut)
        return Delivery(messages: messages, descriptors: descriptors, lacksDescriptors: packet.descriptors_cut)
    }

    /// Why no more can be sent at present.
    enum Obstacle: Error {
        /// The socket says when there is room.
        case full
        /// The kernel is short of something, and nothing says when it no longer is.
        case short
        /// It has been enough for now: others have their turn in between.
        case paused
        case failed
    }

    func send(_ message: SupervisorMessage, descriptors: [Descriptor] = []) throws(Obstacle) {
        // What an older engine does not know is not said to it.
        guard message.since <= version ?? 0 else { return }
        let bytes = message.encoded()
        assert(bytes.count <= LinkProtocol.maximumPacket, "\(bytes.count) bytes fit no packet")
        assert(descriptors.count <= LinkProtocol.maximumDescriptors, "\(descriptors.count) descriptors fit no packet")
        let numbers = descriptors.map(\.number)
        // They are open until it is sent.
        let sent = withExtendedLifetime(descriptors) {
            linux_send_packet(socket.number, bytes, bytes.count, numbers, numbers.count, false)
        }
        guard sent != 0 else { return blockedSince = nil }
        guard [-EAGAIN, -ENOBUFS, -ENOMEM, -ETOOMANYREFS].contains(sent) else { throw .failed }
        blockedSince = blockedSince ?? Clock.monotonic
        throw sent == -EAGAIN ? .full : .short
    }

    /// At most one message of a packet has descriptors, and they are as many as it says.
    private func assign(_ count: Int, to messages: [EngineMessage], cut: Bool) throws(Fault) {
        var wanted: [Int] = []
        for case .launch(let order) in messages where !order.descriptors.isEmpty { wanted.append(order.descriptors.count) }
        guard wanted.count <= 1, cut ? count <= (wanted.first ?? 0) : count == wanted.first ?? 0 else {
            throw .violation("sent \(count) descriptors with a packet that needs another number")
        }
    }

    private func contents(of memory: Descriptor) throws(Fault) -> [UInt8] {
        let size = linux_sealed_memfd_size(memory.number)
        guard size >= 0 else { throw .violation("sent a message in a file that is not a sealed memfd") }
        guard size <= LinkProtocol.maximumMessage, let bytes = SmallFile.read(memory, limit: LinkProtocol.maximumMessage) else {
            throw .undecodable(.tooLong)
        }
        return bytes
    }
}

/// The socket that engines connect to.
final class LinkListener {
    let socket: Descriptor
    private let engineUser: UInt32?
    /// Given up when descriptors are short, so that an engine can always connect.
    private var spare: Descriptor?

    init(_ path: String, engineUser: UInt32?) throws(SystemError) {
        self.engineUser = engineUser
        socket = try Descriptor(linux_unix_listen(path, Int32(SOCK_SEQPACKET.rawValue), 0o600, 16), "listen on \(path)")
        if let engineUser, geteuid() == 0, lchown(path, engineUser, gid_t.max) != 0 {
            throw SystemError("change the owner of \(path)")
        }
        keepSpare()
    }

    /// Goes on with the socket of a former version of the supervisor, which no client has seen closed.
    init(inherited number: Int32, engineUser: UInt32?) throws(SystemError) {
        self.engineUser = engineUser
        guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError("take over the socket") }
        socket = Descriptor(number)
        keepSpare()
    }

    enum Outcome {
        case connection(Descriptor)
        case nobody
        /// There is no free descriptor.
        case shortage
    }

    /// The next connection of somebody who may connect.
    func accept() -> Outcome {
        keepSpare()
        var result = linux_accept(socket.number)
        if result == -EMFILE || result == -ENFILE {
            spare = nil
            result = linux_accept(socket.number)
        }
        if result == -EMFILE || result == -ENFILE || result == -ENOMEM || result == -ENOBUFS { return .shortage }
        guard result >= 0 else { return .nobody }
        let connection = Descriptor(result)
        var peer = linux_peer()
        let isKnown = linux_peer_credentials(result, &peer) == 0
        guard isKnown, peer.uid == 0 || peer.uid == geteuid() || peer.uid == engineUser else {
            Log.error("refused a connection of user \(peer.uid)")
            return .nobody
        }
        return .connection(connection)
    }

    private func keepSpare() {
        if spare == nil { spare = try? Descriptor(opening: "/dev/null", O_RDONLY) }
    }
}
