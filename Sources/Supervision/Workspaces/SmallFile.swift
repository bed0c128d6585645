import Glibc

/// Small files: those of /proc, of cgroups, and the policy.
enum SmallFile {
    /// All of a file, or nil if it cannot be read or is larger than `limit` bytes.
    static func read(_ path: String, in directory: OwnedDescriptor? = nil, limit: Int = 1 << 20) -> [UInt8]? {
        guard let file = try? OwnedDescriptor(opening: path, in: directory, O_RDONLY) else { return nil }
        return read(file, limit: limit)
    }

    /// All of a file from its start on; files of /proc give new content every time.
    static func read(_ file: OwnedDescriptor, limit: Int = 1 << 20) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = pread(file.number, &chunk, chunk.count, off_t(bytes.count))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= limit else { return nil }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// What one read of a control file of a cgroup gives, which is all of it: each further one has the kernel put it together
    /// again.
    static func record(_ file: OwnedDescriptor) -> String? {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { chunk in
            var count = 0
            repeat { count = pread(file.number, chunk.baseAddress, chunk.count, 0) } while count < 0 && errno == EINTR
            return count < 0 ? nil : String(decoding: chunk[..<count], as: UTF8.self)
        }
    }

    static func record(_ path: String, in directory: OwnedDescriptor) -> String? {
        (try? OwnedDescriptor(opening: path, in: directory, O_RDONLY)).flatMap { record($0) }
    }

    static func text(_ path: String, in directory: OwnedDescriptor? = nil) -> String? {
        read(path, in: directory).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes to a control file in one call, as those of cgroups want it.
    static func write(_ text: String, to path: String, in directory: OwnedDescriptor? = nil) throws(SystemError) {
        let file = try OwnedDescriptor(opening: path, in: directory, O_WRONLY)
        let bytes = Array(text.utf8)
        guard Glibc.write(file.number, bytes, bytes.count) == bytes.count else { throw SystemError("write \(path)") }
    }
}

extension [UInt8] {
    /// The decimal numbers in it, whatever stands between them.
    var decimalNumbers: [Int32] {
        var numbers: [Int32] = []
        var current: Int32?
        for byte in self {
            if (0x30...0x39).contains(byte) {
                current = (current ?? 0) &* 10 &+ Int32(byte - 0x30)
            } else if let number = current {
                numbers.append(number)
                current = nil
            }
        }
        if let number = current { numbers.append(number) }
        return numbers
    }
}

/// The value of `key` in lines of `key value`, as in cgroup.events.
func keyedValue(_ key: String, in text: String) -> Int64? {
    for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == key { return Int64(words[1]) }
    }
    return nil
}
