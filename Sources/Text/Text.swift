extension Unicode.Scalar {
    /// Whether it steers what shows it, instead of being shown: C0, DEL and C1, the separators of lines and paragraphs, and the marks
    /// that turn the direction of what follows. No name has one, and no table shows one.
    public var isControl: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

/// Strings as sequences of bytes or scalars. `Character` makes one of a separator and the combining mark that happens to follow it, and
/// `==` takes two spellings for one; nothing that is a format means that.
extension StringProtocol {
    public var hasControls: Bool { unicodeScalars.contains(where: \.isControl) }

    /// Whether there is nothing but white space.
    public var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    public func isSame(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    public func has(prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    public func has(suffix: String) -> Bool { utf8.reversed().starts(with: suffix.utf8.reversed()) }

    public func has(_ scalar: Unicode.Scalar) -> Bool { unicodeScalars.contains(scalar) }

    /// What is before and after the first of a scalar.
    public func cut(at separator: Unicode.Scalar) -> (before: SubSequence, after: SubSequence)? {
        guard let place = unicodeScalars.firstIndex(of: separator) else { return nil }
        return (self[..<place], self[unicodeScalars.index(after: place)...])
    }

    /// All parts between a scalar, the empty ones, too.
    public func parts(at separator: Unicode.Scalar) -> [String] {
        unicodeScalars.split(separator: separator, omittingEmptySubsequences: false).map {
            String(String.UnicodeScalarView($0))
        }
    }
}

extension String {
    /// Without white space around it.
    public func trimmed() -> String {
        let scalars = unicodeScalars
        let rest = scalars.drop(while: \.properties.isWhitespace)
        guard let last = rest.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return String(rest[...last])
    }

    /// A name in Swift as one of a format: `memory_high` for `memoryHigh`.
    package var snakeCased: String {
        reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}

/// The mark that some editors put before a text to say that it is UTF-8. It is not part of the text.
public enum ByteOrderMark {
    public static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// What a text file says, from its bytes. For what is read as text, and never for bytes that are passed on.
    public static func dropped(from file: [UInt8]) -> [UInt8] {
        file.starts(with: bytes) ? Array(file.dropFirst(bytes.count)) : file
    }
}

/// A number of things as people write it: `1 slot`, `2 slots`.
///
/// - Parameter many: where that is not the one with an `s`.
public func counted(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    count == 1 ? "1 \(one)" : "\(count) \(many ?? one + "s")"
}

/// A text that is the same only as one of the same bytes. `String` takes `é` and `e` with an accent for one, also as the key of a
/// dictionary; JSON, and people who name things, do not.
public struct ExactText: Sendable, Hashable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    public init(stringLiteral text: String) { self.text = text }

    public var description: String { text }

    public static func == (left: ExactText, right: ExactText) -> Bool { left.text.isSame(as: right.text) }

    public static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// The name of one of the daemon's own files that is not UTF-8, although it must pass through strings. Read lossily it
/// would be another name.
public struct NotText: Error, Equatable, CustomStringConvertible {
    /// As in "… is not UTF-8".
    public var what: String
    public var value: ByteString

    public var description: String {
        "\(what) is not UTF-8: \(value.shellQuoted()); the files of orchd need names that are UTF-8"
    }
}

extension ByteString {
    /// The text that it has to be.
    ///
    /// - Parameter what: as in "… is not UTF-8".
    public func text(as what: @autoclosure () -> String) throws(NotText) -> String {
        guard let text else { throw NotText(what: what(), value: self) }
        return text
    }
}
