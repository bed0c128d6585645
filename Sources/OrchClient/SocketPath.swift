import Glibc
import Platform
import Text

/// Where the daemon's socket is.
public enum SocketPath {
    /// The socket of the system service.
    public static let system = Places.systemSocket

    /// The socket to use: what was asked for, `ORCHD_SOCKET`, or the first of the usual places where a daemon answers. See `Places`.
    ///
    /// - Throws: `NotText` for a place that is not UTF-8.
    public static func choose(_ explicit: String? = nil) throws(NotText) -> String {
        if let explicit { return explicit }
        if let chosen = try Environment.own.name(.socket) { return chosen }
        return try Places().socket(isServed: isServed)
    }

    /// Where else somebody listens whom this user could mean; not links to the same socket.
    public static func others(than chosen: String) -> [String] {
        let own = file(chosen)
        return ((try? Places())?.sockets ?? []).filter { path in
            guard let other = file(path), own.map({ $0 != other }) ?? true else { return false }
            return path != chosen && isServed(path)
        }
    }

    private static func file(_ path: String) -> (dev_t, ino_t)? {
        var status = stat()
        return stat(path, &status) == 0 ? (status.st_dev, status.st_ino) : nil
    }

    /// Whether somebody listens there.
    public static func isServed(_ path: String) -> Bool {
        do throws(ClientError) {
            let socket = try UnixSocket(connectingTo: path, patience: 1)
            return socket.descriptor >= 0
        } catch {
            return false
        }
    }
}
