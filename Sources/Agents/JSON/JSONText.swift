import OrchProtocol

/// A value within bytes that were found to be JSON. Nothing is copied until it is asked for.
struct JSONText {
    let bytes: [UInt8]
    let range: Range<Int>

    private func at(_ range: Range<Int>) -> JSONText { JSONText(bytes: bytes, range: range) }

    private var first: UInt8? { range.isEmpty ? nil : bytes[range.lowerBound] }

    var isNull: Bool { first == UInt8(ascii: "n") }

    /// The values that a pointer leads to: none where there is nothing, several where it has a `*`.
    func values(at pointer: Pointer) -> [JSONText] {
        pointer.steps.reduce([self]) { values, step in values.flatMap { $0.children(step) } }
    }

    private func children(_ step: Pointer.Step) -> [JSONText] {
        var scanner = JSONScanner(bytes, in: range)
        var found: [JSONText] = []
        if first == UInt8(ascii: "{") {
            // Of a key that comes twice the last counts, as with most readers of JSON.
            try? scanner.object { key, value in
                switch step {
                case .each: found.append(at(value))
                case .key(let name): if text(in: key) == name { found = [at(value)] }
                }
            }
        } else if first == UInt8(ascii: "[") {
            var index = 0
            try? scanner.array { value in
                switch step {
                case .each: found.append(at(value))
                case .key("-1"): found = [at(value)]
                case .key(let name): if String(index) == name { found = [at(value)] }
                }
                index += 1
            }
        }
        return found
    }

    /// What it says: a string without its quotes, a number or a truth value as it is written, nothing for null; objects and arrays
    /// as JSON. Bytes that are no UTF-8 are replaced.
    var text: String {
        switch first {
        case UInt8(ascii: "\""): text(in: range.lowerBound + 1..<range.upperBound - 1)
        case UInt8(ascii: "n"): ""
        default: String(decoding: bytes[range], as: UTF8.self)
        }
    }

    /// The number that it is, or that it holds as a string.
    var number: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }

    /// The content of a string, its escapes undone (RFC 8259, section 7).
    private func text(in range: Range<Int>) -> String {
        guard bytes[range].contains(UInt8(ascii: "\\")) else { return String(decoding: bytes[range], as: UTF8.self) }
        var units: [UInt8] = []
        units.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < range.upperBound else {
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
            case UInt8(ascii: "u"): units.append(contentsOf: scalar(at: &index, before: range.upperBound).utf8)
            default: units.append(escape)
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// The scalar of the four digits after `\u`, with those of the pair that it may be the first half of.
    private func scalar(at index: inout Int, before end: Int) -> String {
        guard let high = unit(at: index, before: end) else { return "\u{FFFD}" }
        index += 4
        if let scalar = Unicode.Scalar(high) { return String(scalar) }
        guard high < 0xDC00, index + 2 <= end, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u"),
            let low = unit(at: index + 2, before: end), (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { return "\u{FFFD}" }
        index += 6
        return String(scalar)
    }

    private func unit(at index: Int, before end: Int) -> UInt32? {
        guard index + 4 <= end else { return nil }
        return UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    }
}
