/// Reads JSON without making values of it: checks the grammar (RFC 8259) and says where things are.
///
/// The decoder of Foundation takes 10 µs for a small object. A client only has to check a batch of 100 000 tasks and pass it on, and
/// the daemon reads one with it (``SubmissionReader``).
public struct JSONScanner {
    /// What is not JSON, and where.
    public struct Malformed: Error, Equatable {
        /// What is wrong, as in "the line has …".
        public var message: String
        public var position: Int
    }

    let bytes: [UInt8]
    let end: Int
    /// The index of the next byte.
    public private(set) var position: Int
    private var depth = 0

    /// Deeper nesting than any message has, and shallow enough for the smallest stack.
    private static let maximumDepth = 128

    /// Reads all bytes, or those of a range.
    public init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    func fail(_ message: String) -> Malformed { Malformed(message: message, position: position) }

    var current: UInt8? { position < end ? bytes[position] : nil }

    /// Passes white space.
    public mutating func skipSpace() {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Passes one value, whatever it is, and answers where it was.
    public mutating func value() throws(Malformed) -> Range<Int> {
        skipSpace()
        let start = position
        switch current {
        case UInt8(ascii: "{"): try object { _, _ in }
        case UInt8(ascii: "["): try array { _ in }
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): try number()
        case nil: throw fail("its end in place of a value")
        default: throw fail("something that is not a JSON value")
        }
        return start..<position
    }

    /// Passes an object and hands over where each of its keys (without the quotes) and values is.
    public mutating func object(_ member: (_ key: Range<Int>, _ value: Range<Int>) -> Void) throws(Malformed) {
        try members { scanner, key throws(Malformed) in member(key, try scanner.value()) }
    }

    /// Passes an array and hands over where each of its values is.
    public mutating func array(_ element: (Range<Int>) -> Void) throws(Malformed) {
        try elements { scanner throws(Malformed) in element(try scanner.value()) }
    }

    /// Passes an object, of which `member` passes each value, and is told where its key is, without the quotes.
    mutating func members(
        _ member: (inout JSONScanner, _ key: Range<Int>) throws(Malformed) -> Void
    ) throws(Malformed) {
        guard skip("{") else { throw fail("no object") }
        try descend()
        defer { depth -= 1 }
        skipSpace()
        if skip("}") { return }
        repeat {
            skipSpace()
            let key = try string()
            skipSpace()
            guard skip(":") else { throw fail("no ':' after a key") }
            try member(&self, key)
            skipSpace()
        } while skip(",")
        guard skip("}") else { throw fail("neither ',' nor '}' after a value") }
    }

    /// Passes an array, of which `element` passes each value.
    mutating func elements(_ element: (inout JSONScanner) throws(Malformed) -> Void) throws(Malformed) {
        guard skip("[") else { throw fail("no array") }
        try descend()
        defer { depth -= 1 }
        skipSpace()
        if skip("]") { return }
        repeat {
            try element(&self)
            skipSpace()
        } while skip(",")
        guard skip("]") else { throw fail("neither ',' nor ']' after a value") }
    }

    private mutating func descend() throws(Malformed) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw fail("more than \(Self.maximumDepth) levels") }
    }

    /// Passes a string and answers where its content is.
    mutating func string() throws(Malformed) -> Range<Int> {
        guard skip("\"") else { throw fail("no string in its place") }
        let start = position
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return start..<position - 1
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw fail("an unescaped control character in a string")
            default: position += 1
            }
        }
        throw fail("a string without its closing quote")
    }

    private mutating func escape() throws(Malformed) {
        position += 1
        switch current {
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let digit = current, Character(Unicode.Scalar(digit)).isHexDigit else {
                    throw fail("a \\u without four hexadecimal digits")
                }
                position += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw fail("an unknown escape in a string")
        }
    }

    private mutating func literal(_ word: StaticString) throws(Malformed) {
        for index in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[index] else { throw fail("something that is not a JSON value") }
            position += 1
        }
    }

    mutating func number() throws(Malformed) {
        _ = skip("-")
        if !skip("0") { try digits() }
        if skip(".") { try digits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try digits()
        }
    }

    private mutating func digits() throws(Malformed) {
        let start = position
        while let digit = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) { position += 1 }
        guard position > start else { throw fail("a number without digits") }
    }
}
