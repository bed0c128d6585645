import Glibc

/// Where the daemon's socket is.
public enum SocketPath {
    /// The socket of the system service.
    public static let system = "/run/orchd.sock"

    /// The socket of a user's own daemon; nil where the session has no runtime directory.
    public static var user: String? {
        environment("XDG_RUNTIME_DIR").map { $0 + "/orchd.sock" }
    }

    /// The socket to use: what was asked for, `$ORCHD_SOCKET`, the user's own if there is one, the system's.
    ///
    /// A user who runs a daemon of their own means that one; the system's remains a `--socket` away.
    public static func choose(_ explicit: String? = nil) -> String {
        if let chosen = explicit ?? environment("ORCHD_SOCKET") { return chosen }
        if let user, access(user, F_OK) == 0 { return user }
        return system
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
