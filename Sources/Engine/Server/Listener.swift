import CLinux
import Glibc

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
        guard socket >= 0 else { throw StartError("\(SystemError(-socket, "listen at \(path)"))") }
        return socket
    }
}
