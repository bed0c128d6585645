import CSystemd
import Glibc
import Platform
import Text

/// What the service manager is told, and asked: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). Without a service manager
/// every call does nothing.
public enum ServiceManager {
    /// Takes up service. `status` is the one line that `systemctl status` shows.
    public static func ready(status: String) { notify("READY=1\nSTATUS=\(oneLine(status))") }

    public static func status(_ text: String) { notify("STATUS=\(oneLine(text))") }

    public static func stopping(status: String) { notify("STOPPING=1\nSTATUS=\(oneLine(status))") }

    /// The reason of a start that is given up, for `systemctl status` to show.
    public static func failed(_ reason: String) { notify("STATUS=Cannot start: \(oneLine(reason))") }

    /// Never waits, as sd_notify(3) does for a service manager that does not read: the turn loop must not hang with it.
    public static func feedWatchdog() {
        if let socket = getenv("NOTIFY_SOCKET") { ServiceNotice.send("WATCHDOG=1", to: ByteString(cString: socket)) }
    }

    /// Asks for more time to start or to stop.
    public static func extendTimeout(seconds: Int) { notify("EXTEND_TIMEOUT_USEC=\(seconds * 1_000_000)") }

    private static func notify(_ state: String) { sd_notify(0, state) }

    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isControl ? " " : $0 }))
    }

    /// How often the watchdog wants to be fed, in seconds; half of that is what systemd recommends. Nil if there is none.
    public static var watchdogInterval: Double? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return Double(microseconds) / 1_000_000
    }

    /// The listening socket that was handed over under a name (`FileDescriptorName=`), or else the only one.
    public static func listeningSocket(named name: String) -> Int32? {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(0, &names)
        guard count > 0, let names else { return nil }
        defer {
            for index in 0..<Int(count) { free(names[index]) }
            free(names)
        }
        let sockets = (0..<count).filter { sd_is_socket(3 + $0, AF_UNIX, Int32(SOCK_STREAM.rawValue), 1) > 0 }
        let named = sockets.first { names[Int($0)].map { String(cString: $0) } == name }
        return (named ?? (sockets.count == 1 ? sockets.first : nil)).map { 3 + $0 }
    }

    /// Whether standard error goes to the journal, so that entries may go there with their fields (systemd.exec(5), JOURNAL_STREAM).
    public static var stderrIsJournal: Bool {
        guard let stream = Environment.own[.journalStream] else { return false }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}
