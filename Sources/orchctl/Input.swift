import Glibc
import OrchProtocol

/// Files and standard input, read whole.
enum Input {
    /// - Parameter path: `-` for standard input.
    static func bytes(of path: String) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var result: [UInt8] = []
        while true {
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 1) { room in
                let count = read(descriptor, room.baseAddress, room.count)
                if count > 0 { result.append(contentsOf: room[..<count]) }
                return count
            }
            if count == 0 { return result }
            if count < 0, errno != EINTR { throw unreadable(path) }
        }
    }

    /// The text of a file; the protocol can carry nothing but text.
    static func text(of path: String) throws -> String {
        guard let text = String(validating: try bytes(of: path), as: UTF8.self) else {
            throw Failure(
                .usage, "\(name(path)) is not UTF-8 text", hint: "let the command read the file: -- sh -c 'COMMAND < FILE'")
        }
        return text
    }

    /// The JSON in a file.
    static func json(of path: String) throws -> JSONValue {
        do {
            return try JSONValue(bytes(of: path))
        } catch let error as JSONScanner.Malformed {
            throw Failure(.usage, "\(name(path)) is no JSON: it has \(error.message), at byte \(error.position + 1)")
        }
    }

    static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

    private static func unreadable(_ path: String) -> Failure {
        Failure(.usage, "cannot read \(name(path)): \(String(cString: strerror(errno)))")
    }
}
