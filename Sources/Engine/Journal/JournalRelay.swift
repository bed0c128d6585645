import Foundation
import Platform
import Synchronization
import Systemd

/// Copies the output of attempts to the journal as it grows, line by line, for pools with `output = "both"`.
///
/// What is written while no engine runs is not copied; it is in the file. Nor is what would take so much of what journald allows the daemon
/// (RateLimitBurst=, journald.conf(5)) that its own entries were lost.
final class JournalRelay: Sendable {
    /// Writes an entry. For tests.
    typealias Writer =
        @Sendable (_ message: String, _ priority: Journal.Priority, _ fields: [(name: String, value: String)]) -> Void

    private struct Copy {
        let entry: LiveAttempts.Entry
        /// Up to where each stream has been copied.
        var offsets: [OutputFiles.Kind: Int64]
        var unwritten = 0
    }

    private struct State {
        var copies: [String: Copy] = [:]
        var window: ContinuousClock.Instant = .now
        var written = 0
    }

    private static let window = Duration.seconds(30)
    /// Half of what journald takes from a unit in that time.
    private static let perWindow = 5_000
    private static let longestLine = 16_384
    private static let chunk = 262_144

    private let files: OutputFiles
    private let write: Writer
    private let queue: SerialQueue
    private let state = Mutex(State())

    init(files: OutputFiles, write: @escaping Writer = { Journal.write($0, priority: $1, fields: $2) }) throws(SystemError) {
        self.files = files
        self.write = write
        queue = try SerialQueue("relay")
    }

    /// From now on.
    func begin(_ name: String, _ entry: LiveAttempts.Entry) {
        guard entry.isRelayed else { return }
        let sizes = [OutputFiles.Kind.out, .err].map { ($0, files.size(task: entry.task, attempt: entry.number, $0)) }
        state.withLock { $0.copies[name] = Copy(entry: entry, offsets: Dictionary(uniqueKeysWithValues: sizes)) }
    }

    func grown(_ name: String) {
        guard state.withLock({ $0.copies[name] != nil }) else { return }
        queue.async { self.copy(name, isOver: false) }
    }

    /// The rest of it is copied, and what ends in no line feed.
    func end(_ name: String) {
        guard state.withLock({ $0.copies[name] != nil }) else { return }
        queue.async {
            self.copy(name, isOver: true)
            self.state.withLock { $0.copies[name] = nil }
        }
    }

    func waitUntilCopied() { queue.waitUntilIdle() }

    private func copy(_ name: String, isOver: Bool) {
        for kind in [OutputFiles.Kind.out, .err] {
            while let copy = state.withLock({ $0.copies[name] }) {
                let (entry, offset) = (copy.entry, copy.offsets[kind] ?? 0)
                let bytes = try? files.read(task: entry.task, attempt: entry.number, kind, at: offset, count: Self.chunk)
                guard let bytes, !bytes.isEmpty else { break }
                let taken = copyLines(of: bytes, kind, name, entry, isLast: isOver && bytes.count < Self.chunk)
                guard taken > 0 else { break }
                state.withLock { $0.copies[name]?.offsets[kind] = offset + Int64(taken) }
            }
        }
    }

    /// Returns how many of the bytes are done with.
    private func copyLines(
        of bytes: [UInt8], _ kind: OutputFiles.Kind, _ name: String, _ entry: LiveAttempts.Entry, isLast: Bool
    ) -> Int {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].prefix(Self.longestLine).firstIndex(of: UInt8(ascii: "\n"))
            let isWhole = end != nil || bytes.count - start >= Self.longestLine
            guard isWhole || isLast else { return start }
            let stop = end ?? min(start + Self.longestLine, bytes.count)
            tell(String(decoding: bytes[start..<stop], as: UTF8.self), kind, name, entry)
            start = end.map { $0 + 1 } ?? stop
        }
        return start
    }

    private func tell(_ line: String, _ kind: OutputFiles.Kind, _ name: String, _ entry: LiveAttempts.Entry) {
        let unwritten: Int? = state.withLock { state in
            let now = ContinuousClock.now
            if now - state.window > Self.window { (state.window, state.written) = (now, 0) }
            guard state.written < Self.perWindow else {
                state.copies[name]?.unwritten += 1
                return nil
            }
            state.written += 1
            defer { state.copies[name]?.unwritten = 0 }
            return state.copies[name]?.unwritten
        }
        guard let unwritten else { return }
        let fields = [
            ("SYSLOG_IDENTIFIER", Journal.identifier(ofTask: entry.task)), ("TASK_ID", "\(entry.task)"),
            ("ATTEMPT", "\(entry.number)"), ("POOL", entry.pool),
        ].map { (name: $0.0, value: $0.1) }
        if unwritten > 0 { write("\(unwritten) lines before this are only in the file: they came too fast", .notice, fields) }
        write(line, kind == .out ? .info : .notice, fields)
    }
}
