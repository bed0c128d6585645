import Glibc
import Text

/// What the system says about itself.
enum SystemFile {
    /// The text of a file of /proc or /sys; nil where there is none.
    static func text(_ path: String) -> String? {
        (try? Input.bytes(of: ByteString(path))).map { String(decoding: $0, as: UTF8.self) }
    }

    static func line(_ path: String) -> String? {
        text(path).map { $0.split(separator: "\n").first.map(String.init) ?? "" }
    }

    static func number(_ path: String) -> Int? { line(path).flatMap { Int($0) } }
}
