import Glibc

/// A connected stream socket, closed with its last use.
struct UnixSocket: ~Copyable {
    let descriptor: Int32

    /// - Parameter patience: how long to wait for a place in the backlog, in seconds; forever where nil. A backlog is
    ///   full while the daemon restarts under load, which is a reason to wait and not an error.
    init(connectingTo path: String, patience: Int? = nil) throws(ClientError) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .noDaemon(path: path, errno: errno) }
        if let patience {
            var limit = timeval(tv_sec: patience, tv_usec: 0)
            _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let error = Self.connect(descriptor, to: path)
        guard error == 0 else {
            close(descriptor)
            throw error == EACCES || error == EPERM ? .denied(path: path) : .noDaemon(path: path, errno: error)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The user and the process that the peer's end was made by: the daemon's, or those of systemd where that made the socket.
    var peer: (user: UInt32, pid: Int32)? {
        // `struct ucred`, which glibc only declares for GNU sources.
        var credentials: (pid: Int32, user: UInt32, group: UInt32) = (0, .max, .max)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return (credentials.user, credentials.pid)
    }

    /// `O_PATH`, which glibc only declares for GNU sources: needs no right to read the directory.
    private static let pathOnly: Int32 = 0o10_000_000

    private static func connect(_ descriptor: Int32, to path: String) -> Int32 {
        let bytes = Array(path.utf8)
        if bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) { return connect(descriptor, bytes) }
        // An address holds 107 bytes, a file system's path thousands: what is too long is reached through its directory.
        let slash = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
        let directory = open(String(decoding: bytes[..<slash], as: UTF8.self), pathOnly | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return errno }
        defer { close(directory) }
        return connect(descriptor, Array("/proc/self/fd/\(directory)".utf8) + bytes[slash...])
    }

    private static func connect(_ descriptor: Int32, _ path: [UInt8]) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                while Glibc.connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) != 0 {
                    if errno != EINTR { return errno }
                }
                return 0
            }
        }
    }
}
