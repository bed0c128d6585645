/// Bytes in the disguise of text, for what takes only `String`: the parser of the command line.
///
/// Text stays as it is. A byte `b` that belongs to none becomes the private scalar U+10F700 + `b`, and so do the four bytes of such a
/// scalar where the text has one: what is read back is always what there was.
extension ByteString {
    private static let firstEscape: UInt32 = 0x10F780
    private static let lastEscape: UInt32 = 0x10F7FF

    private static func isEscape(_ scalar: Unicode.Scalar) -> Bool { (firstEscape...lastEscape).contains(scalar.value) }

    /// Only bytes from 0x80 belong to no text.
    private static func escape(_ byte: UInt8, into scalars: inout String.UnicodeScalarView) {
        if let scalar = Unicode.Scalar(firstEscape - 0x80 + UInt32(byte)) { scalars.append(scalar) }
    }

    /// The disguise.
    public var escaped: String {
        if let text, !Self.isEscaped(text) { return text }
        var scalars = String.UnicodeScalarView()
        var rest = bytes[...]
        while let next = UTF8Text.first(of: rest) {
            switch next {
            case .scalar(let scalar, let count) where !Self.isEscape(scalar):
                scalars.append(scalar)
                rest = rest.dropFirst(count)
            case .scalar(_, let count):
                for byte in rest.prefix(count) { Self.escape(byte, into: &scalars) }
                rest = rest.dropFirst(count)
            case .invalid, .cut:
                if let byte = rest.popFirst() { Self.escape(byte, into: &scalars) }
            }
        }
        return String(scalars)
    }

    /// The bytes behind a disguise.
    public init(escaped text: String) {
        guard Self.isEscaped(text) else {
            self.init(text)
            return
        }
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            if Self.isEscape(scalar) {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        self.init(bytes)
    }

    /// Whether a text is a disguise, and not what it says.
    public static func isEscaped(_ text: String) -> Bool { text.unicodeScalars.contains(where: isEscape) }
}
