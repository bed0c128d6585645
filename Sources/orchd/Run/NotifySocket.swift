import Engine
import Glibc

/// The launcher's side of sd_notify(3), so that a foreground run learns of readiness as systemd does.
struct NotifySocket {
    let descriptor: Int32
    /// What children find in NOTIFY_SOCKET: an abstract address, which leaves nothing behind.
    let address: String

    struct Message {
        var pid: pid_t
        var isReady: Bool
    }

    init() throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw StartError("cannot make a socket: \(String(cString: strerror(errno)))") }
        address = "@orchd/\(getpid())/\(UInt32.random(in: 0 ... .max))"
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &one, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(address.utf8.dropFirst())
        withUnsafeMutableBytes(of: &name.sun_path) { path in
            for (index, byte) in bytes.enumerated() { path[index + 1] = byte }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + bytes.count)
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { throw StartError("cannot make a socket: \(String(cString: strerror(errno)))") }
    }

    /// The texts of the messages that have come. Who sent one is not asked: only children know the address.
    func receive() -> [String] {
        var texts: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return texts }
            texts.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
