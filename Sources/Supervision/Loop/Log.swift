import Glibc
import Platform
import Text

/// Lines on standard error: what an administrator must know, and nothing else.
enum Log {
    /// The journal reads a priority from the start of a line; a terminal would only show it.
    private static let isJournal = Environment.own[.journalStream] != nil

    static func error(_ message: String) { write("<3>", message) }
    static func notice(_ message: String) { write("<5>", message) }

    /// Says what cannot be. It is a trap in debug builds; in a release nothing of that kind may end the supervisor.
    static func impossible(_ message: String) {
        assertionFailure(message)
        error("refused, since it cannot be: \(message)")
    }

    private static func write(_ priority: String, _ message: String) {
        var line = isJournal ? priority : ""
        line += "orchd-supervisor: "
        // A name that came from elsewhere must not be able to end the line.
        line.unicodeScalars.append(contentsOf: message.unicodeScalars.lazy.map { $0.isControl ? " " : $0 })
        line += "\n"
        // The reader may be stuck: better no line than a supervisor that waits.
        var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, 0) == 1 else { return }
        line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, min($0.count, 4000)) }
    }
}
