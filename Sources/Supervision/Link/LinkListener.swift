import CLinux
import Glibc

/// The socket that engines connect to.
final class LinkListener {
    let socket: OwnedDescriptor
    private let engineUser: UInt32?
    /// Given up when descriptors are short, so that an engine can always connect.
    private var spare: OwnedDescriptor?

    init(_ path: String, engineUser: UInt32?) throws(SystemError) {
        self.engineUser = engineUser
        socket = try OwnedDescriptor("listen on \(path)", linux_unix_listen(path, Int32(SOCK_SEQPACKET.rawValue), 0o600, 16))
        if let engineUser, geteuid() == 0, lchown(path, engineUser, gid_t.max) != 0 { throw SystemError("chown \(path)") }
        keepSpare()
    }

    /// Goes on with the socket of a former version of the supervisor, which no client has seen closed.
    init(inherited number: Int32, engineUser: UInt32?) throws(SystemError) {
        self.engineUser = engineUser
        guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError("take over the socket") }
        socket = OwnedDescriptor(number)
        keepSpare()
    }

    enum Outcome {
        case connection(OwnedDescriptor)
        case nobody
        /// No descriptor is to be had.
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
        let connection = OwnedDescriptor(result)
        var peer = linux_peer()
        let isKnown = linux_peer_credentials(result, &peer) == 0
        guard isKnown, peer.uid == 0 || peer.uid == geteuid() || peer.uid == engineUser else {
            Log.error("refused a connection of user \(peer.uid)")
            return .nobody
        }
        return .connection(connection)
    }

    private func keepSpare() {
        if spare == nil { spare = try? OwnedDescriptor(opening: "/dev/null", O_RDONLY) }
    }
}
