import Glibc

/// Bytes as they arrive, and the lines in them.
struct LineBuffer {
    /// The longest line, its `\n` not counted.
    let limit: Int
    private var bytes: [UInt8] = []
    /// Where the first line that was not taken begins.
    private var start = 0
    /// Up to where no `\n` was found, so that a long line in many pieces is searched once and not once for each.
    private var searched = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        if start > 0 {
            bytes.removeFirst(start)
            searched -= start
            start = 0
        }
        bytes.append(contentsOf: piece)
    }

    /// The next whole line, or nil until more arrives.
    mutating func next() throws(ClientError) -> [UInt8]? {
        let found = bytes.withUnsafeBytes { all -> Int? in
            guard let base = all.baseAddress, searched < all.count else { return nil }
            return memchr(base + searched, 0x0A, all.count - searched).map { UnsafeRawPointer($0) - base }
        }
        guard (found ?? bytes.count) - start <= limit else {
            throw .malformed("a line of more than \(limit) bytes")
        }
        guard let end = found else {
            searched = bytes.count
            return nil
        }
        defer {
            start = end + 1
            searched = start
        }
        return Array(bytes[start..<end])
    }
}
