import CLinux
import Glibc
import Platform

/// Notices that a child hangs: from its readiness on it has to say again and again that it does not, as sd_watchdog_enabled(3)
/// describes.
struct WatchdogMonitor {
    /// How long it may be silent, in milliseconds.
    let patience: Int64
    /// Until when it has to be heard, on the monotonic clock; nil where nothing is expected of it.
    private(set) var deadline: Int64?

    /// How much later than asked the launcher may look, in milliseconds, and still judge.
    private static let tolerance: Int64 = 1000

    /// What the child finds in its environment.
    var variable: String { "\(patience * 1000)" }

    mutating func take(_ news: NotifySocket.News, now: Int64) {
        if news.isReady || (news.feedsWatchdog && deadline != nil) { deadline = now + patience }
    }

    mutating func childEnded() { deadline = nil }

    /// Whether the child has been silent for too long. To be asked when its messages have been taken.
    mutating func isHanging(now: Int64) -> Bool {
        guard let deadline, deadline <= now else { return false }
        // A launcher that was itself stopped, by Ctrl-Z perhaps, has not seen what the child did meanwhile.
        guard now - deadline < Self.tolerance else {
            self.deadline = now + patience
            return false
        }
        self.deadline = nil
        return true
    }
}

/// The launcher's side of sd_notify(3), so that a foreground run learns of readiness as systemd does.
struct NotifySocket {
    let descriptor: Descriptor
    /// What children find in NOTIFY_SOCKET: an abstract address, which leaves nothing behind.
    let address: String

    init() throws(SystemError) {
        address = "@orchd/\(getpid())/\(UInt32.random(in: 0 ... .max))"
        descriptor = try Descriptor(linux_unix_bind(address, Int32(SOCK_DGRAM.rawValue), 0o600), "make a socket")
        _ = try SystemError.check("make a socket", linux_tell_senders(descriptor.number))
    }

    /// What a child has said since it was last asked.
    struct News {
        var isReady = false
        var feedsWatchdog = false
    }

    /// How many messages are taken at once: who sends without a pause holds up nothing else.
    private static let most = 256

    /// Takes the messages that have come from the child. /proc/net/unix shows the address to everybody, and so what others
    /// say is dropped.
    func take(from child: pid_t?) -> News {
        var news = News()
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<Self.most {
            var sender: pid_t = 0
            let count = linux_receive_datagram(descriptor.number, &buffer, buffer.count, &sender)
            guard count >= 0 else { break }
            guard sender == child else { continue }
            for line in String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n") {
                if line == "READY=1" { news.isReady = true }
                if line == "WATCHDOG=1" { news.feedsWatchdog = true }
            }
        }
        return news
    }
}
