/// A value within bytes that were found to be JSON. Nothing is copied until it is asked for.
public struct JSONSpan {
    public let bytes: [UInt8]
    public let range: Range<Int>

    public init(bytes: [UInt8], range: Range<Int>) {
        assert(range.lowerBound >= 0 && range.upperBound <= bytes.count, "a value is within its document")
        self.bytes = bytes
        self.range = range
    }

    private func at(_ range: Range<Int>) -> JSONSpan { JSONSpan(bytes: bytes, range: range) }

    private var first: UInt8? { range.isEmpty ? nil : bytes[range.lowerBound] }

    public var isNull: Bool { first == UInt8(ascii: "n") }

    /// The values that a pointer leads to: none where there is nothing, several where it has a `*`.
    public func values(at pointer: JSONPointer) -> [JSONSpan] {
        pointer.steps.reduce([self]) { values, step in values.flatMap { $0.children(step) } }
    }

    private func children(_ step: JSONPointer.Step) -> [JSONSpan] {
        var scanner = JSONScanner(bytes, in: range)
        var found: [JSONSpan] = []
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
    /// as JSON. Bytes that are not UTF-8 are replaced.
    public var text: String {
        switch first {
        case UInt8(ascii: "\""): text(in: range.lowerBound + 1..<range.upperBound - 1)
        case UInt8(ascii: "n"): ""
        default: String(decoding: bytes[range], as: UTF8.self)
        }
    }

    /// The number that it is, or that it holds as a string.
    public var number: Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }

    private func text(in range: Range<Int>) -> String { JSONString.text(of: bytes[range]) }
}
