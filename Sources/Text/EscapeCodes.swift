/// What programs print for a terminal and not for a reader: escape sequences (ECMA-48), byte order marks and control characters.
public enum EscapeCodes {
    /// The bytes without them. Only tabs and the ends of lines stay of the control characters.
    ///
    /// A sequence that has no end is taken to be its introducer alone, so that nothing but noise is ever lost with it.
    public static func removed(from bytes: [UInt8]) -> [UInt8] {
        guard let first = first(in: bytes) else { return bytes }
        var result = Array(bytes[..<first])
        result.reserveCapacity(bytes.count)
        var index = first
        while index < bytes.count {
            let length = length(at: index, in: bytes)
            if length == 0 { result.append(bytes[index]) }
            index += max(1, length)
        }
        return result
    }

    /// Whether there are any.
    public static func are(in bytes: [UInt8]) -> Bool { first(in: bytes) != nil }

    private static func first(in bytes: [UInt8]) -> Int? {
        // Most bytes can begin none, which is seen at once.
        bytes.indices.first { index in
            switch bytes[index] {
            case 0..<0x20, 0x7F, 0xC2, 0xEF: length(at: index, in: bytes) > 0
            default: false
            }
        }
    }

    /// How many bytes of noise there are at an index; 0 where there is text.
    private static func length(at index: Int, in bytes: [UInt8]) -> Int {
        let byte = bytes[index]
        switch byte {
        case 0x1B: return 1 + sequence(at: index + 1, in: bytes)
        case 0x09, 0x0A, 0x0D: return 0
        case 0..<0x20, 0x7F: return 1
        // In UTF-8: a C1 control, of which some introduce a sequence as ESC and a letter do; and a byte order mark.
        case 0xC2 where index + 1 < bytes.count && (0x80..<0xA0).contains(bytes[index + 1]):
            return 2 + rest(of: bytes[index + 1] - 0x40, at: index + 2, in: bytes)
        case 0xEF where bytes[index...].starts(with: [0xEF, 0xBB, 0xBF]): return 3
        default: return 0
        }
    }

    /// The length of what comes after an ESC.
    private static func sequence(at start: Int, in bytes: [UInt8]) -> Int {
        var index = start
        while index < bytes.count, (0x20..<0x30).contains(bytes[index]) { index += 1 }
        guard index < bytes.count, (0x30..<0x7F).contains(bytes[index]) else { return 0 }
        // What begins like a document is one, after an ESC that stands alone.
        if bytes[index] == UInt8(ascii: "{") { return 0 }
        return index + 1 - start + (index == start ? rest(of: bytes[index], at: index + 1, in: bytes) : 0)
    }

    /// The length of what comes after an introducer.
    private static func rest(of introducer: UInt8, at start: Int, in bytes: [UInt8]) -> Int {
        switch introducer {
        case UInt8(ascii: "["):
            var index = start
            while index < bytes.count, (0x20..<0x40).contains(bytes[index]) { index += 1 }
            guard index < bytes.count else { return 0 }
            switch bytes[index] {
            case UInt8(ascii: "@")...UInt8(ascii: "Z"), UInt8(ascii: "`")...UInt8(ascii: "z"), UInt8(ascii: "~"):
                return index + 1 - start
            default: return 0
            }
        // A string, such as the title of a window: up to BEL or ST, on one line.
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            var index = start
            while index < bytes.count {
                switch bytes[index] {
                case 0x07: return index + 1 - start
                case 0x1B: return index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\\") ? index + 2 - start : 0
                // Any C1 control ends it, as ESC does: else each of many beginnings without an end would be sought an end for.
                case 0xC2 where index + 1 < bytes.count && (0x80..<0xA0).contains(bytes[index + 1]):
                    return bytes[index + 1] == 0x9C ? index + 2 - start : 0
                case 0x0A: return 0
                default: index += 1
                }
            }
            return 0
        default: return 0
        }
    }
}
