import Glibc
import Platform
import Storage

/// The names of the branches on which attempts work that have a git worktree: `orchd-web1-3f09ac-42-1` for attempt 42.1. Branches
/// stay, and several machines, users and queues may use one repository, so the machine and the queue are in the name. There is no slash in it: a
/// branch `orchd` of somebody's would exclude every `orchd/…`.
struct Branches: Sendable {
    private let host: String
    private let queue: QueueNumbers

    init(host: String = Self.hostName, queue: QueueNumbers) {
        self.host = host
        self.queue = queue
    }

    /// - Parameter dispatchedAt: when the attempt was made, in milliseconds since 1970: the queue's number may have changed since.
    func name(task: Int64, attempt: Int, dispatchedAt: Int64) -> String {
        let number = queue.number(at: dispatchedAt)
        let digits = String(number, radix: 16)
        return "orchd-\(host)-\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits)-\(task)-\(attempt)"
    }

    /// The name of this machine, as far as a branch may have it in its own.
    static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "host" }
        return part(String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// The first label of a name, in letters, digits and hyphens that neither begin nor end it.
    static func part(_ host: String) -> String {
        let label = host.utf8.prefix { $0 != UInt8(ascii: ".") }.prefix(20)
        let letters = label.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: UInt8(ascii: "-")
            }
        }
        let words = letters.split(separator: UInt8(ascii: "-")).map { String(decoding: $0, as: UTF8.self) }
        return words.isEmpty ? "host" : words.joined(separator: "-")
    }
}
