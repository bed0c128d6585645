import FoundationEssentials
import Glibc
import Platform

/// Knows when which part of an output file was written, to within a second: `FILE.times` holds a line for each second in which the
/// watcher saw the file grow, with the time in milliseconds and the size that the file had before.
enum OutputIndex {
    static let suffix = ".times"
    static let resolution: Int64 = 1000

    /// The offset of what was written at that time or later; 0 where that is not known.
    static func offset(in path: String, writtenSince time: Int64) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        let modified = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        guard modified >= time else { return Int64(status.st_size) }
        guard let data = try? Data(contentsOf: URL(filePath: path + suffix)) else { return 0 }
        for line in data.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).map { Int64(String(decoding: $0, as: UTF8.self)) }
            guard words.count == 2, let at = words[0], let offset = words[1] else { continue }
            // A line may have been torn by a crash, and be any number.
            if at >= time - resolution { return min(max(offset, 0), Int64(status.st_size)) }
        }
        return 0
    }

    /// How a file has grown while it was watched. What is written within the first second needs no index: it began at 0.
    struct Growth: Sendable {
        private var notedAt: Int64
        private(set) var size: Int64
        private let began: Int64
        private var hasNotes = false

        init(since now: Int64, size: Int64) {
            began = now
            notedAt = now
            self.size = size
        }

        mutating func note(size new: Int64, at now: Int64, path: String) {
            defer { size = new }
            guard new > size, now - notedAt >= OutputIndex.resolution else { return }
            let first = hasNotes ? "" : "\(began) 0\n"
            OutputIndex.append(first + "\(now) \(size)\n", to: path + OutputIndex.suffix)
            hasNotes = true
            notedAt = now
        }
    }

    private static func append(_ text: String, to path: String) {
        guard let file = try? Descriptor(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), "write \(path)")
        else { return }
        let bytes = Array(text.utf8)
        _ = write(file.number, bytes, bytes.count)
    }
}
