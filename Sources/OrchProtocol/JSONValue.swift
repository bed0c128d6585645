/// Any JSON value. A number is an `integer` wherever it is a whole one that fits, however it was written, so that 1 and 1.0 are equal.
public indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(_ number: Double) {
        self = Int64(exactly: number).map(JSONValue.integer) ?? .number(number)
    }
}

extension JSONValue: Codable {
    /// Deeper nesting than anybody's parameters have, and shallow enough for the decoder's stack.
    private static let maximumDepth = 100

    public init(from decoder: any Decoder) throws {
        guard decoder.codingPath.count <= Self.maximumDepth else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: Array(decoder.codingPath.prefix(2)), debugDescription: "is nested too deep"))
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
            var members: [String: JSONValue] = [:]
            for key in container.allKeys { members[key.stringValue] = try container.decode(JSONValue.self, forKey: key) }
            self = .object(members)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let elements): try container.encode(elements)
        case .object(let members): try container.encode(members)
        }
    }
}
