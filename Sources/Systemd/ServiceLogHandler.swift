import Logging

#if canImport(Glibc)
import Glibc
#endif

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
