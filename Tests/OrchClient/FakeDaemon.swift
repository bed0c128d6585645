import FoundationEssentials
import Glibc
import OrchClient
import OrchProtocol
import Platform
import Synchronization

/// A daemon on a real socket that does what a test tells it: one conversation for each connection, in order.
final class FakeDaemon: Sendable {
    /// One end of a connection, in the daemon's hand.
    final class Peer: Sendable {
        private let descriptor: Int32
        private let rest = Mutex<[UInt8]>([])

        init(_ descriptor: Int32) { self.descriptor = descriptor }

        /// The next request line, without its line feed; nil at the end.
        func line() -> [UInt8]? {
            rest.withLock { rest in
                while true {
                    if let end = rest.firstIndex(of: 0x0A) {
                        defer { rest.removeFirst(end + 1) }
                        return Array(rest[..<end])
                    }
                    var room = [UInt8](repeating: 0, count: 1 << 16)
                    let count = recv(descriptor, &room, room.count, 0)
                    guard count > 0 else { return nil }
                    rest += room[..<count]
                }
            }
        }

        /// The next request, where it is one.
        func request() -> Request? {
            line().flatMap { try? Wire.request(from: Data($0)).1.get() }
        }

        func send(_ text: String) { send(Array(text.utf8)) }

        func send(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }

        func answer<R: Codable & Sendable>(_ request: Request?, _ result: R) {
            guard let request, let line = try? Wire.line(Response(id: request.id, result: result)) else { return }
            send([UInt8](line) + [0x0A])
        }

        func notify(_ notification: OrchProtocol.Notification) {
            guard let line = try? Wire.line(notification) else { return }
            send([UInt8](line) + [0x0A])
        }
    }

    typealias Conversation = @Sendable (Peer) -> Void

    let path: String
    private let folder: String
    private let listener: Int32

    /// Listens below a fresh directory, and holds one conversation after the other, each ended by closing.
    init(nested: String = "", _ conversations: Conversation...) throws {
        var template = Array("/tmp/orch-client-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failed(call: "mkdtemp", errno: errno) }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var directory = folder
        for part in nested.split(separator: "/") {
            directory += "/\(part)"
            guard mkdir(directory, 0o700) == 0 else { throw Failed(call: "mkdir", errno: errno) }
        }
        path = directory + "/orchd.sock"
        listener = try Self.listen(in: directory)
        let (folder, path, listener) = (folder, path, listener)
        try startThread("fake") {
            for conversation in conversations {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                conversation(Peer(descriptor))
                close(descriptor)
            }
            // Like a daemon that has ended: who waits in the backlog is dropped, and who comes now is refused.
            close(listener)
            unlink(path)
            var directory = path
            while directory != folder, let slash = directory.lastIndex(of: "/") {
                directory = String(directory[..<slash])
                rmdir(directory)
            }
        }
    }

    struct Failed: Error {
        var call: String
        var errno: Int32
    }

    /// Binds through /proc, so that the directory's name may be of any length.
    private static func listen(in directory: String) throws -> Int32 {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(folder) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "/proc/self/fd/\(folder)/orchd.sock".utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, Glibc.listen(listener, 8) == 0 else { throw Failed(call: "bind", errno: errno) }
        return listener
    }
}
