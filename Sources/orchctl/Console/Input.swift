import Glibc
import OrchProtocol
import Presentation

/// Files and standard input, read whole.
enum Input {
    /// - Parameter path: `-` for standard input.
    static func bytes(of path: ByteString, atMost limit: Int = .max) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
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
            if result.count > limit {
                throw Failure(.usage, "\(name(path)) has more than the \(limit >> 20) MiB that a task can bring along")
            }
            if count < 0, errno != EINTR { throw unreadable(path) }
        }
    }

    /// The content of a file that must be text.
    static func text(of path: ByteString) throws -> String {
        guard let text = String(validating: ByteOrderMark.dropped(from: try bytes(of: path)), as: UTF8.self) else {
            throw Failure(.usage, "\(name(path)) is not UTF-8 text")
        }
        return text
    }

    /// The JSON in a file.
    static func json(of path: ByteString) throws -> JSONValue {
        do {
            let document = ByteOrderMark.dropped(from: try bytes(of: path))
            let value = try JSONValue(document)
            // The request would have one member for the two.
            if let name = JSONScanner.repeatedName(in: document) {
                throw Failure(.usage, "\(self.name(path)) has an object that \(name.problem)")
            }
            return value
        } catch let error as JSONScanner.Malformed {
            throw Failure(.usage, "\(name(path)) is not JSON: it has \(error.message), at byte \(error.position + 1)")
        }
    }

    static func name(_ path: ByteString) -> String { path == "-" ? "standard input" : SafeText.line(path) }

    private static func unreadable(_ path: ByteString) -> Failure {
        Failure(.usage, "cannot read \(name(path)): \(String(cString: strerror(errno)))")
    }
}
