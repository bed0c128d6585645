import CLinux
import Glibc
import Platform
import SupervisorLink

/// A pair of stream sockets, over which an engine and a warm worker talk. The supervisor never reads it: it keeps the engine's end
/// open, and with it whatever is on its way, while no engine is there.
struct WorkerChannel {
    let engines: Descriptor
    let workers: Descriptor

    /// Bytes that may be on their way to the engine: a message of the largest size, also where it is written in small pieces, each of
    /// which the kernel charges with its own overhead. It allows no more than this (net.core.wmem_max) to everybody.
    private static let capacity: Int32 = 212_992

    init() throws(SpawnFailure) {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw SpawnFailure(step: .resources, code: errno)
        }
        engines = Descriptor(pair[0])
        workers = Descriptor(pair[1])
        var capacity = Self.capacity
        setsockopt(workers.number, SOL_SOCKET, SO_SNDBUF, &capacity, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// The channels of warm workers, as one supervisor leaves them to the next: in a memfd of their own, which a version that knows
/// nothing of them does not look at. Lines of `ATTEMPT DESCRIPTOR`.
///
/// Such a version continues with the processes, and the engine with the channels that it has. Only an engine that comes later finds
/// workers that it cannot talk to, and replaces them.
enum ChannelHandover {
    static let variable = "ORCHD_SUPERVISOR_CHANNELS"

    static func encoded(_ channels: [UInt64: Int32]) -> [UInt8] {
        Array(channels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined().utf8)
    }

    static func decoded(_ bytes: [UInt8]) -> [UInt64: Int32] {
        var channels: [UInt64: Int32] = [:]
        let feed = UInt8(ascii: "\n")
        // The beginning of a number is another number.
        for line in bytes[..<(bytes.lastIndex(of: feed) ?? 0)].split(separator: feed) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count == 2, let attempt = UInt64(words[0]), let number = Int32(words[1]) else { continue }
            channels[attempt] = number
        }
        return channels
    }

    /// Writes them down for the next version.
    static func leave(_ channels: [UInt64: Int32]) throws(SystemError) -> Descriptor {
        let bytes = encoded(channels)
        let file = try Descriptor(linux_sealed_memfd("orchd-channels", bytes, bytes.count), "make a file in memory")
        setenv(variable, "\(file.number)", 1)
        return file
    }

    /// What was left to this process.
    static func inherited() -> [UInt64: Int32] {
        guard let text = getenv(variable), let number = Int32(String(cString: text)) else { return [:] }
        unsetenv(variable)
        return decoded(SmallFile.read(Descriptor(number), limit: 1 << 20) ?? [])
    }
}
