import Glibc

/// What the system says about itself.
enum SystemFile {
    /// The text of a file of /proc or /sys; nil where there is none.
    static func text(_ path: String) -> String? {
        (try? Input.bytes(of: path)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func line(_ path: String) -> String? {
        text(path).map { $0.split(separator: "\n").first.map(String.init) ?? "" }
    }

    static func number(_ path: String) -> Int? { line(path).flatMap { Int($0) } }

    /// The first 4 KiB that a shell command prints. For commands written here: never with anything from outside in them.
    static func output(of command: String) -> String {
        guard let stream = popen(command, "r") else { return "" }
        defer { pclose(stream) }
        var room = [UInt8](repeating: 0, count: 4096)
        let count = fread(&room, 1, room.count, stream)
        return String(decoding: room.prefix(count), as: UTF8.self)
    }
}
