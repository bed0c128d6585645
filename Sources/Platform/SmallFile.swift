import Glibc

/// Small files: those of /proc, of cgroups, and the policy.
public enum SmallFile {
    /// All of a file, or nil if it cannot be read or is larger than `limit` bytes.
    public static func read(_ path: String, in directory: Descriptor? = nil, limit: Int = 1 << 20) -> [UInt8]? {
        guard let file = try? Descriptor(opening: path, in: directory, O_RDONLY) else { return nil }
        return read(file, limit: limit)
    }

    /// All of a file from its start on; files of /proc give new content every time.
    public static func read(_ file: Descriptor, limit: Int = 1 << 20) -> [UInt8]? {
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
    public static func record(_ file: Descriptor) -> String? {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { chunk in
            var count = 0
            repeat { count = pread(file.number, chunk.baseAddress, chunk.count, 0) } while count < 0 && errno == EINTR
            return count < 0 ? nil : String(decoding: chunk[..<count], as: UTF8.self)
        }
    }

    public static func record(_ path: String, in directory: Descriptor) -> String? {
        (try? Descriptor(opening: path, in: directory, O_RDONLY)).flatMap { record($0) }
    }

    public static func text(_ path: String, in directory: Descriptor? = nil) -> String? {
        read(path, in: directory).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Writes to a control file in one call, as those of cgroups want it.
    public static func write(_ text: String, to path: String, in directory: Descriptor? = nil) throws(SystemError) {
        let file = try Descriptor(opening: path, in: directory, O_WRONLY)
        let bytes = Array(text.utf8)
        guard Glibc.write(file.number, bytes, bytes.count) == bytes.count else { throw SystemError("write \(path)") }
    }
}

extension [UInt8] {
    /// The decimal numbers in it, whatever stands between them.
    public var decimalNumbers: [Int32] {
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
public func keyedValue(_ key: String, in text: String) -> Int64? {
    for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == key { return Int64(words[1]) }
    }
    return nil
}

/// Makes a file of what `next` gives, piece by piece, until that is nothing. Where it cannot be made as a whole, nothing is left of it.
///
/// - Parameter flags: `O_EXCL` for a path where there is nothing yet.
@discardableResult
public func makeFile(
    _ path: String, _ flags: Int32 = O_TRUNC, of next: () throws(SystemError) -> ArraySlice<UInt8>?
) throws(SystemError) -> Descriptor {
    let file = try Descriptor(open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o600), "create \(path)")
    do throws(SystemError) {
        while var piece = try next() {
            while !piece.isEmpty {
                let count = piece.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
                guard count >= 0 else { throw SystemError("write \(path)") }
                piece = piece.dropFirst(count)
            }
        }
    } catch {
        unlink(path)
        throw error
    }
    return file
}

/// Makes a directory for its user alone, where it is missing.
///
/// - Parameter withParents: whether to make those above it, too.
public func makeDirectory(_ path: String, withParents: Bool = false) throws(SystemError) {
    if withParents {
        for slash in path.utf8.indices.dropFirst() where path.utf8[slash] == UInt8(ascii: "/") {
            try makeDirectory(String(path[..<slash]))
        }
    }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("make the directory \(path)") }
}

/// The directories in a directory.
public func directoryNames(in directory: Descriptor) -> [String] {
    directoryEntries(in: directory).filter(\.isDirectory).map { String(decoding: $0.name, as: UTF8.self) }
}

/// All that is in a directory but other directories.
public func fileNames(in directory: Descriptor) -> [String] {
    directoryEntries(in: directory).filter { !$0.isDirectory }.map { String(decoding: $0.name, as: UTF8.self) }
}

/// What is in a directory, in no order.
///
/// - Parameter most: how many of them to look at.
public func directoryEntries(in directory: Descriptor, most: Int = .max) -> [(name: [UInt8], isDirectory: Bool)] {
    let copy = openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    guard let stream = fdopendir(copy) else {
        close(copy)
        return []
    }
    defer { closedir(stream) }
    var entries: [(name: [UInt8], isDirectory: Bool)] = []
    while entries.count < most, let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in Array(bytes.prefix { $0 != 0 }) }
        let isDirectory = Int(entry.pointee.d_type) == DT_DIR
        if name != [0x2E], name != [0x2E, 0x2E] { entries.append((name, isDirectory)) }
    }
    return entries
}
