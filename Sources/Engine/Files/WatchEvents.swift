import Glibc

/// What inotify has told of files and their directories, in the form that inotify(7) gives: watch, mask, cookie, length, name.
struct WatchEvents {
    /// The attempts whose files have changed: `42.1.out` is of `42.1`.
    private(set) var names: Set<String> = []
    private(set) var watches: Set<Int32> = []
    /// There was more than the kernel keeps.
    private(set) var isOverflown = false

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while rest.count >= 16 {
            func word(_ index: Int) -> UInt32 {
                (0..<4).reduce(0) { $0 | UInt32(rest[rest.startIndex + index * 4 + $1]) << (8 * $1) }
            }
            let length = Int(word(3))
            watches.insert(Int32(bitPattern: word(0)))
            if word(1) & UInt32(IN_Q_OVERFLOW) != 0 { isOverflown = true }
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            if let dot = name.lastIndex(of: UInt8(ascii: ".")) {
                names.insert(String(decoding: name[..<dot], as: UTF8.self))
            }
            rest = rest.dropFirst(16 + length)
        }
    }
}
