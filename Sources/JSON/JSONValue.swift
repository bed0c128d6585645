import Text

/// Any JSON value. A number is an `integer` wherever it is a whole one that fits, however it was written, so that 1 and 1.0 are equal.
public indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([ExactText: JSONValue])

    public init(_ number: Double) {
        self = Int64(exactly: number).map(JSONValue.integer) ?? .number(number)
    }
}

/// Texts are equal if their bytes are, which `String` does not mean.
extension JSONValue: Hashable {
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isSame(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let text): hasher.combine(ExactText(text))
        case .array(let elements): hasher.combine(elements)
        case .object(let members): hasher.combine(members)
        }
    }
}

extension JSONValue: Codable {
    /// Deeper nesting than anybody's parameters have, and shallow enough for the decoder's stack.
    private static let maximumDepth = 100

    public init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count <= Self.maximumDepth else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: Array(decoder.codingPath.prefix(2)), debugDescription: "is nested too deeply"))
        }
        // The commonest first: each guess that fails makes an error.
        let scalar = try decoder.singleValueContainer()
        if let value = try? scalar.decode(String.self) {
            self = .string(value)
        } else if let value = try? scalar.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? scalar.decode(Double.self) {
            self.init(value)
        } else if let value = try? scalar.decode(Bool.self) {
            self = .bool(value)
        } else if scalar.decodeNil() {
            self = .null
        } else if var list = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !list.isAtEnd { elements.append(try list.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.container(keyedBy: AnyKey.self)
            var members: [ExactText: JSONValue] = [:]
            for key in container.allKeys {
                members[ExactText(key.stringValue)] = try container.decode(JSONValue.self, forKey: key)
            }
            self = .object(members)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        if case .object(let members) = self {
            // An encoder takes two spellings of a name for one; see `JSONScanner.repeatedName(in:)`.
            var container = encoder.container(keyedBy: AnyKey.self)
            for (name, value) in members { try container.encode(value, forKey: AnyKey(stringValue: name.text)) }
            return
        }
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let elements): try container.encode(elements)
        case .object: break
        }
    }
}

extension JSONValue {
    /// Reads a document, with nothing but white space around it. Of a key that comes twice the last counts.
    ///
    /// The decoder of Foundation would do, but takes seconds for a megabyte of small values, and does not say what is wrong.
    public init(_ bytes: [UInt8]) throws(JSONScanner.Malformed) {
        var scanner = JSONScanner(bytes)
        self = try scanner.tree()
        scanner.skipSpace()
        guard scanner.position == bytes.count else { throw scanner.fail("something after the value") }
    }
}

extension JSONScanner {
    fileprivate mutating func tree() throws(Malformed) -> JSONValue {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(JSONString.text(of: bytes[try string()]))
        case UInt8(ascii: "t"): return try literal(.bool(true))
        case UInt8(ascii: "f"): return try literal(.bool(false))
        case UInt8(ascii: "n"): return try literal(.null)
        default: return try numeral()
        }
    }

    private mutating func literal(_ meaning: JSONValue) throws(Malformed) -> JSONValue {
        _ = try value()
        return meaning
    }

    private mutating func numeral() throws(Malformed) -> JSONValue {
        let text = String(decoding: bytes[try value()], as: UTF8.self)
        if let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else { throw fail("a number that is too large") }
        return JSONValue(number)
    }

    private mutating func object() throws(Malformed) -> JSONValue {
        var values: [ExactText: JSONValue] = [:]
        try members { scanner, key throws(Malformed) in
            values[ExactText(JSONString.text(of: scanner.bytes[key]))] = try scanner.tree()
        }
        return .object(values)
    }

    private mutating func array() throws(Malformed) -> JSONValue {
        var values: [JSONValue] = []
        try elements { scanner throws(Malformed) in values.append(try scanner.tree()) }
        return .array(values)
    }
}

/// A key of any name: how a decoder is asked which keys are really there.
package struct AnyKey: CodingKey {
    package var stringValue: String
    package var intValue: Int? { nil }
    package init(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
}
