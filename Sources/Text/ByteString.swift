/// A string of bytes that is usually text: an argument, a variable, a path. Linux promises nothing of them but that there is no NUL.
///
/// Two are equal if their bytes are. `String` would call `é` and `e` with an accent the same, and has no room for a byte that is not
/// UTF-8, so that what goes through it comes out as another name.
public struct ByteString: Sendable, Hashable {
    public let bytes: [UInt8]

    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    /// What a NUL ends.
    public init(cString: UnsafePointer<CChar>) {
        var bytes: [UInt8] = []
        var next = cString
        while next.pointee != 0 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
        self.bytes = bytes
    }

    public var count: Int { bytes.count }
    public var isEmpty: Bool { bytes.isEmpty }
    public var first: UInt8? { bytes.first }

    /// The text that it is; nil where it is not UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    public var isText: Bool { text != nil }

    /// For people: what is not UTF-8 is U+FFFD.
    public var lossy: String { String(decoding: bytes, as: UTF8.self) }

    public func contains(_ byte: Unicode.Scalar) -> Bool { bytes.contains(UInt8(ascii: byte)) }

    public func hasPrefix(_ prefix: ByteString) -> Bool { bytes.starts(with: prefix.bytes) }

    /// Whether it is a path at or below another, by what is written: neither may go up by `..`.
    public func isBelow(_ directory: ByteString) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
        let above = directory.bytes.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
        guard first == UInt8(ascii: "/"), !parts.contains([UInt8(ascii: "."), UInt8(ascii: ".")]) else { return false }
        return parts.starts(with: above)
    }

    /// What is before and after the first of a byte.
    public func cut(at separator: Unicode.Scalar) -> (before: ByteString, after: ByteString)? {
        guard let place = bytes.firstIndex(of: UInt8(ascii: separator)) else { return nil }
        return (ByteString(bytes[..<place]), ByteString(bytes[(place + 1)...]))
    }

    /// Lends it as a string of C. It ends at the first NUL, if there is one.
    public func withCString<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
        try (bytes + [0]).withUnsafeBufferPointer { buffer in
            try buffer.withMemoryRebound(to: CChar.self) { characters in
                // The buffer has at least its NUL, and so an address.
                try withExtendedLifetime(self) { try body(characters.baseAddress.unsafelyUnwrapped) }
            }
        }
    }

    public static func + (left: ByteString, right: ByteString) -> ByteString { ByteString(left.bytes + right.bytes) }
}

extension ByteString: Comparable {
    public static func < (left: ByteString, right: ByteString) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

extension ByteString: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self.init(text) }

    /// Puts strings of bytes together without making text of them.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        public init(literalCapacity: Int, interpolationCount: Int) { bytes.reserveCapacity(literalCapacity) }

        public mutating func appendLiteral(_ literal: String) { bytes.append(contentsOf: literal.utf8) }
        public mutating func appendInterpolation(_ part: ByteString) { bytes.append(contentsOf: part.bytes) }
        public mutating func appendInterpolation(_ part: some CustomStringConvertible) {
            bytes.append(contentsOf: part.description.utf8)
        }
    }

    public init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }
}

extension ByteString: CustomStringConvertible {
    public var description: String { lossy }
}

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
