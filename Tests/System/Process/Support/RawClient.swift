import CLinux
import Foundation
import Glibc
import OrchProtocol

/// A client that sends whatever bytes a test wants to send.
final class RawClient {
    let socket: Int32
    private var buffer: [UInt8] = []
    private var hasEnded = false

    /// An answer or a notification, as far as tests look at it.
    struct Line: Decodable {
        var id: RequestID?
        var method: String?
        var error: WireError?
    }

    init(_ path: String) throws {
        socket = linux_unix_connect(path, Int32(SOCK_STREAM.rawValue))
        guard socket >= 0 else { throw Failure("connect: \(String(cString: strerror(-socket)))") }
    }

    convenience init(_ daemon: Daemon) throws { try self.init(daemon.socket) }

    deinit { close(socket) }

    /// Sends all of it; false where the other side no longer takes it.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { Self.send(bytes, to: socket) }

    @discardableResult
    static func send(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func send(_ line: String) -> Bool { send(Array((line + "\n").utf8)) }

    /// Sends as much as is taken without waiting.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        max(0, Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)))
    }

    func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// The next line; nil when the connection is closed.
    func line(within seconds: Double = patience) throws -> [UInt8]? {
        let deadline = milliseconds() + seconds * 1000
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { buffer.removeFirst(end + 1) }
                return Array(buffer[..<end])
            }
            searched = buffer.count
            guard !hasEnded else { return nil }
            var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, Int32(max(0, deadline - milliseconds()))) > 0 else { throw Failure("no line came") }
            let count = recv(socket, &chunk, chunk.count, 0)
            if count > 0 { buffer += chunk[..<count] } else { hasEnded = true }
        }
    }

    func answer(within seconds: Double = patience) throws -> Line? {
        try line(within: seconds).map { try JSONDecoder().decode(Line.self, from: Data($0)) }
    }

    /// The answer to a line.
    func ask(_ line: String) throws -> Line {
        send(line)
        guard let answer = try answer() else { throw Failure("the connection was closed") }
        return answer
    }
}
