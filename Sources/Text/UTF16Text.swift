/// Text of programs that write UTF-16, as some that come from Windows do.
public enum UTF16Text {
    /// Such text as UTF-8; nil where it is none. It has a byte order mark, or begins with characters of which every second byte is 0.
    public static func utf8(of bytes: [UInt8]) -> [UInt8]? {
        guard let isBigEndian = isBigEndian(bytes) else { return nil }
        var units = stride(from: 0, to: bytes.count - 1, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        if units.first == 0xFEFF { units.removeFirst() }
        // Half of a character at the end must not pass for the end.
        if bytes.count % 2 == 1 { units.append(0xFFFD) }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// The fewest characters by which it is told without a mark, and the most that are looked at.
    private static let (fewest, most) = (4, 32)

    private static func isBigEndian(_ bytes: [UInt8]) -> Bool? {
        if bytes.starts(with: [0xFF, 0xFE]) { return false }
        if bytes.starts(with: [0xFE, 0xFF]) { return true }
        let pairs = stride(from: 0, to: min(bytes.count - 1, 2 * most), by: 2).map { (bytes[$0], bytes[$0 + 1]) }
        guard pairs.count >= fewest else { return nil }
        if pairs.allSatisfy({ $0 != 0 && $1 == 0 }) { return false }
        return pairs.allSatisfy { $0 == 0 && $1 != 0 } ? true : nil
    }
}
