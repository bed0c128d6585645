import Glibc

/// Waits for the socket, a watched descriptor or the deadline, whichever is first.
enum Poll {
    /// - Parameter descriptor: the socket; -1 to wait for the watched descriptors and the deadline only.
    /// - Returns: what the socket is ready for; nil once the deadline has passed.
    static func wait(
        _ descriptor: Int32, for events: Int32, _ watches: [Watch], until deadline: ContinuousClock.Instant?
    ) throws -> Int32? {
        while true {
            var entries = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
            entries += watches.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&entries, nfds_t(entries.count), milliseconds(until: deadline))
            if ready < 0 {
                // A signal with a handler of its own; the time that is left is worked out again.
                guard errno == EINTR || errno == EAGAIN else { throw ClientError.lost }
                continue
            }
            for (watch, entry) in zip(watches, entries.dropFirst()) where entry.revents != 0 { try watch.onReadable() }
            if entries[0].revents != 0 { return Int32(entries[0].revents) }
            if let deadline, ContinuousClock.now >= deadline { return nil }
        }
    }

    /// For `poll`: rounded up, so that a wait does not spin through its last millisecond; -1 forever.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = ContinuousClock.now.duration(to: deadline).components
        if left.seconds < 0 || left.attoseconds < 0 { return 0 }
        return left.seconds >= 86_400 ? 86_400_000 : Int32(left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1)
    }
}

/// A descriptor to look at while waiting for the daemon: how a Ctrl-C gets through to a client that waits.
public struct Watch {
    /// A descriptor that becomes readable, such as a signalfd.
    public var descriptor: Int32
    /// Called whenever it is readable. Must read from it; what it throws ends the wait.
    public var onReadable: () throws -> Void

    public init(descriptor: Int32, onReadable: @escaping () throws -> Void) {
        self.descriptor = descriptor
        self.onReadable = onReadable
    }
}
