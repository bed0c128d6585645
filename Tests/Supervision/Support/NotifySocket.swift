import Glibc

/// The socket of a service manager.
final class NotifySocket {
    let path = "/tmp/orchd-notify-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)

    init() throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard isBound == 0 else { throw TestFailure("bind") }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// What has come so far.
    func take() -> [String] {
        var texts: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
            texts.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return texts
    }
}
