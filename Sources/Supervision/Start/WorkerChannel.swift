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
