import CLinux
import Text

/// The protocol of sd_notify(3), without libsystemd. It never waits for a service manager that does not read.
public enum ServiceNotice {
    /// - Parameter socket: what `NOTIFY_SOCKET` says.
    public static func send(_ message: String, to socket: ByteString) {
        var message = message
        message.withUTF8 { text in
            socket.withCString { _ = linux_unix_send_datagram($0, text.baseAddress, text.count) }
        }
    }
}
