/// Bytes that may be UTF-8, character by character.
public enum UTF8Text {
    /// What bytes begin with.
    public enum Beginning: Equatable {
        case scalar(Unicode.Scalar, count: Int)
        /// A byte that no character has at this place.
        case invalid
        /// The beginning of a character that continues behind the last byte.
        case cut
    }

    /// Nil for no bytes.
    public static func first(of bytes: ArraySlice<UInt8>) -> Beginning? {
        guard let lead = bytes.first else { return nil }
        if lead < 0x80 { return .scalar(Unicode.Scalar(lead), count: 1) }
        guard let (count, second) = form(of: lead) else { return .invalid }
        var value = UInt32(lead) & (0x7F >> UInt32(count))
        for place in 1..<count {
            guard place < bytes.count else { return .cut }
            let byte = bytes[bytes.startIndex + place]
            guard (place == 1 ? second : 0x80...0xBF).contains(byte) else { return .invalid }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return Unicode.Scalar(value).map { .scalar($0, count: count) } ?? .invalid
    }

    /// How many bytes a character has that begins with this one, and what its second may be (Unicode, table 3-7).
    private static func form(of lead: UInt8) -> (count: Int, second: ClosedRange<UInt8>)? {
        switch lead {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        default: nil
        }
    }

    /// How many bytes at the end are the beginning of a character that is not all there: 0 to 3.
    public static func cutAtEnd(_ bytes: ArraySlice<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let tail = bytes.suffix(count)
            // A byte of the middle of a character is a reason to look further back.
            guard let lead = tail.first, lead & 0xC0 != 0x80 else { continue }
            return first(of: tail) == .cut ? count : 0
        }
        return 0
    }

    /// A piece of text, or of other bytes.
    public struct Piece: Equatable {
        public var bytes: ArraySlice<UInt8>
        public var isText: Bool
    }

    /// Bytes as pieces, in their order. Text that is shorter than `shortest` stays with what is around it, so that binary data does not
    /// fall into crumbs.
    public static func pieces(_ bytes: ArraySlice<UInt8>, shortest: Int = 64) -> [Piece] {
        var pieces: [Piece] = []
        var start = bytes.startIndex
        func add(upTo end: Int, isText: Bool) {
            guard start < end else { return }
            if !isText || end - start < shortest && end < bytes.endIndex && !pieces.isEmpty, let last = pieces.last,
                !last.isText
            {
                pieces[pieces.count - 1] = Piece(bytes: bytes[last.bytes.startIndex..<end], isText: false)
            } else {
                pieces.append(Piece(bytes: bytes[start..<end], isText: isText))
            }
            start = end
        }
        var position = start
        while position < bytes.endIndex {
            if bytes[position] < 0x80 {
                position += 1
            } else if case .scalar(_, let count)? = first(of: bytes[position...]) {
                position += count
            } else {
                add(upTo: position, isText: true)
                position += 1
                add(upTo: position, isText: false)
            }
        }
        add(upTo: position, isText: true)
        return pieces
    }
}

/// Text of programs that write UTF-16, as some that come from Windows do.
public enum UTF16Text {
    /// UTF-16 text as UTF-8; nil if it is not UTF-16. It has a byte order mark, or begins with characters of which every second
    /// byte is 0.
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
