import CSystemd

#if canImport(Glibc)
import Glibc
#endif

/// Entries with fields, for systemd-journald.
public enum Journal {
    /// The levels of syslog(3).
    public enum Priority: Int32, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7
    }

    /// What the output of a task is known by in the journal (`SYSLOG_IDENTIFIER=`).
    public static func identifier(ofTask id: Int64) -> String { "orch-task-\(id)" }

    /// A descriptor that takes lines, of which each is an entry; `<3>` at the beginning of one gives it another priority, see sd-daemon(3).
    /// The caller closes it.
    ///
    /// - Returns: the descriptor, or a negative errno where there is no journal.
    public static func stream(_ identifier: String, priority: Priority) -> Int32 {
        sd_journal_stream_fd(identifier, priority.rawValue, 1)
    }

    /// Writes one entry. Blocks only for as long as the journal's socket takes a datagram.
    ///
    /// - Parameter fields: names of capitals, digits and `_`, as systemd.journal-fields(7) asks.
    public static func write(_ message: String, priority: Priority, fields: [(name: String, value: String)]) {
        let entries = ["MESSAGE=\(message)", "PRIORITY=\(priority.rawValue)"] + fields.map { "\($0.name)=\($0.value)" }
        var buffers = entries.map { Array($0.utf8) }
        withVectors(&buffers) { _ = sd_journal_sendv($0.baseAddress, Int32($0.count)) }
    }

    private static func withVectors(_ buffers: inout [[UInt8]], _ body: (UnsafeBufferPointer<iovec>) -> Void) {
        let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, buffers.reduce(0) { $0 + $1.count }))
        defer { storage.deallocate() }
        var vectors: [iovec] = []
        var offset = 0
        for buffer in buffers {
            for (index, byte) in buffer.enumerated() { storage[offset + index] = byte }
            vectors.append(iovec(iov_base: storage.baseAddress.map { $0 + offset }, iov_len: buffer.count))
            offset += buffer.count
        }
        vectors.withUnsafeBufferPointer(body)
    }
}
