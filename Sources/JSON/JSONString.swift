/// What stands between the quotes of a JSON string.
public enum JSONString {
    /// The content of a string, its escapes undone (RFC 8259, section 7). Bytes that are not UTF-8, and halves of pairs, are replaced.
    public static func text(of bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
        var units: [UInt8] = []
        units.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < bytes.endIndex else {
                units.append(byte)
                continue
            }
            let escape = bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"): units.append(contentsOf: scalar(in: bytes, at: &index).utf8)
            default: units.append(escape)
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// The scalar of the four digits after `\u`, with those of the pair that it may be the first half of.
    private static func scalar(in bytes: ArraySlice<UInt8>, at index: inout Int) -> String {
        guard let high = unit(in: bytes, at: index) else { return "\u{FFFD}" }
        index += 4
        if let scalar = Unicode.Scalar(high) { return String(scalar) }
        guard high < 0xDC00, index + 2 <= bytes.endIndex, bytes[index] == UInt8(ascii: "\\"),
            bytes[index + 1] == UInt8(ascii: "u"), let low = unit(in: bytes, at: index + 2),
            (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { return "\u{FFFD}" }
        index += 6
        return String(scalar)
    }

    private static func unit(in bytes: ArraySlice<UInt8>, at index: Int) -> UInt32? {
        guard index + 4 <= bytes.endIndex else { return nil }
        return UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    }
}
