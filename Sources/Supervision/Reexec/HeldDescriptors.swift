import CLinux
import Glibc
import Platform

/// Descriptors of attempts, as one supervisor leaves them to the next: in a memfd of their own, which a version that knows nothing of
/// them does not look at. Lines of `ATTEMPT DESCRIPTOR`.
struct HeldDescriptors {
    let variable: String
    private let file: String

    /// The channels of warm workers. An older version continues with the processes, and the engine with the channels that it has. Only an
    /// engine that comes later finds workers that it cannot talk to, and replaces them.
    static let channels = HeldDescriptors(variable: "ORCHD_SUPERVISOR_CHANNELS", file: "orchd-channels")
    /// The listeners of doors. A version that knows nothing of them is not executed: see ``Successor``.
    static let doors = HeldDescriptors(variable: "ORCHD_SUPERVISOR_DOORS", file: "orchd-doors")

    static func encoded(_ descriptors: [UInt64: Int32]) -> [UInt8] {
        Array(descriptors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined().utf8)
    }

    static func decoded(_ bytes: [UInt8]) -> [UInt64: Int32] {
        var descriptors: [UInt64: Int32] = [:]
        let feed = UInt8(ascii: "\n")
        // The beginning of a number is another number.
        for line in bytes[..<(bytes.lastIndex(of: feed) ?? 0)].split(separator: feed) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count == 2, let attempt = UInt64(words[0]), let number = Int32(words[1]) else { continue }
            descriptors[attempt] = number
        }
        return descriptors
    }

    /// Writes them down for the next version. Nil if there are none.
    func leave(_ descriptors: [UInt64: Int32]) throws(SystemError) -> Descriptor? {
        guard !descriptors.isEmpty else { return nil }
        let bytes = Self.encoded(descriptors)
        let memory = try Descriptor(linux_sealed_memfd(file, bytes, bytes.count), "make a file in memory")
        setenv(variable, "\(memory.number)", 1)
        return memory
    }

    /// What was left to this process.
    func inherited() -> [UInt64: Int32] {
        guard let text = getenv(variable), let number = Int32(String(cString: text)) else { return [:] }
        unsetenv(variable)
        return Self.decoded(SmallFile.read(Descriptor(number), limit: 1 << 20) ?? [])
    }
}
