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
