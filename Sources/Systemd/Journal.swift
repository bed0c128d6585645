import CSystemd
import Glibc
import Logging

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

/// Sends log messages where a service's belong: to the journal with their metadata as fields, or else to standard error as lines.
public struct ServiceLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level = .info
    private let label: String
    private let toJournal: Bool

    public init(label: String, toJournal: Bool = ServiceManager.stderrIsJournal) {
        self.label = label
        self.toJournal = toJournal
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let message = event.message.description
        if toJournal {
            // Keys of metadata are the names of fields; what is not a valid name would make journald drop the entry.
            let valid = fields.filter { Self.isFieldName($0.key) }.map { (name: $0.key, value: $0.value.description) }
            Journal.write(message, priority: priority(event.level), fields: valid + [("LOGGER", label)])
        } else {
            Self.print("orchd: \(event.level == .info ? "" : "\(event.level): ")\(message)\n")
        }
    }

    private func priority(_ level: Logger.Level) -> Journal.Priority {
        switch level {
        case .trace, .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error, .critical: .error
        }
    }

    private static func isFieldName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "_"), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
    }

    private static func print(_ line: String) {
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
