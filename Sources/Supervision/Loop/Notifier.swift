import CLinux
import Glibc
import Platform
import Text

/// The protocol of sd_notify(3) and of the watchdog, without libsystemd, which would be larger than all the rest.
final class Notifier {
    private let socket: ByteString?
    /// Milliseconds between pings: half of what systemd waits for.
    private let interval: Int64?
    /// When the next ping is due, on the monotonic clock.
    private(set) var pingAt: Int64?

    init() {
        let environment = Environment.own
        socket = environment.bytes(.notifySocket)
        let isMeant = environment[.watchdogProcess].map { $0 == String(getpid()) } ?? true
        let microseconds = environment[.watchdogInterval].flatMap { Int64($0) }
        interval = microseconds.flatMap { isMeant && $0 > 0 ? max(1, $0 / 2000) : nil }
        // At once: the service manager continues counting from the last ping of the version before.
        pingAt = interval.map { _ in Clock.monotonic }
        // Not for the workers: they would speak in our name.
        for name in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] { unsetenv(name) }
    }

    /// Gives the next version of the supervisor what this one took out of the environment.
    func handOver() {
        socket?.withCString { _ = setenv("NOTIFY_SOCKET", $0, 1) }
        if let interval { setenv("WATCHDOG_USEC", String(interval * 2000), 1) }
    }

    func ready() { send("READY=1") }
    func stopping() { send("STOPPING=1") }

    func reloading() {
        // Not before the reload was asked for, which systemd knows to the microsecond.
        send("RELOADING=1\nMONOTONIC_USEC=\((Clock.awake + 1) * 1000)")
    }

    func pingIfDue(_ now: Int64) {
        guard let due = pingAt, due <= now, let interval else { return }
        pingAt = now + interval
        send("WATCHDOG=1")
    }

    private func send(_ message: String) {
        if let socket { ServiceNotice.send(message, to: socket) }
    }
}
