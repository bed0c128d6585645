import CLinux
import Glibc

/// A connected stream socket, closed with its last use.
struct UnixSocket: ~Copyable {
    let descriptor: Int32

    /// - Parameter patience: how long to wait for a place in the backlog, in seconds; forever where nil. A backlog is
    ///   full while the daemon restarts under load, which is a reason to wait and not an error.
    init(connectingTo path: String, patience: Int? = nil) throws(ClientError) {
        // A name that begins with @ is that of a file, too.
        let place = path.utf8.first == UInt8(ascii: "@") ? "./" + path : path
        let result = linux_unix_connect_within(place, Int32(SOCK_STREAM.rawValue), Int32(clamping: patience ?? 0))
        switch -result {
        case EACCES, EPERM: throw .denied(path: path)
        case let error where error > 0: throw .noDaemon(path: path, errno: error)
        default: descriptor = result
        }
    }

    deinit { close(descriptor) }

    /// The user and the process that the peer's end was made by: the daemon's, or those of systemd where that made the socket.
    var peer: (user: UInt32, pid: Int32)? {
        var peer = linux_peer()
        return linux_peer_credentials(descriptor, &peer) == 0 ? (peer.uid, peer.pid) : nil
    }
}
