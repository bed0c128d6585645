import CLinux
import Glibc

/// The channels of warm workers, as one supervisor leaves them to the next: in a memfd of their own, which a version that knows
/// nothing of them does not look at. Lines of `ATTEMPT DESCRIPTOR`.
///
/// Such a version goes on with the processes, and the engine with the channels that it has. Only an engine that comes later finds
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
    static func leave(_ channels: [UInt64: Int32]) throws(SystemError) -> OwnedDescriptor {
        let bytes = encoded(channels)
        let file = try OwnedDescriptor("memfd", linux_sealed_memfd("orchd-channels", bytes, bytes.count))
        setenv(variable, "\(file.number)", 1)
        return file
    }

    /// What was left to this process.
    static func inherited() -> [UInt64: Int32] {
        guard let text = getenv(variable), let number = Int32(String(cString: text)) else { return [:] }
        unsetenv(variable)
        return decoded(SmallFile.read(OwnedDescriptor(number), limit: 1 << 20) ?? [])
    }
}
