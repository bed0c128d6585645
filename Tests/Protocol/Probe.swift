import Foundation
import OrchProtocol

/// What a member of an object is, said alike of the code and of the schema.
indirect enum Shape: Equatable {
    case boolean, integer, number, string
    case array(Shape)
    case map(Shape)
    /// A type of the protocol, by its name in the schema.
    case named(String)

    init(of type: Any.Type) {
        self =
            switch type {
            case is Bool.Type: .boolean
            case is any BinaryInteger.Type: .integer
            case is any BinaryFloatingPoint.Type: .number
            case is String.Type: .string
            // Bytes travel in base64.
            case is Data.Type: .string
            case let list as any List.Type: .array(Shape(of: list.element))
            case let map as any Map.Type: .map(Shape(of: map.value))
            default: .named(Self.name(of: type))
            }
    }

    /// `OrchProtocol.Outcome.Kind` is `Outcome.Kind`.
    static func name(of type: Any.Type) -> String {
        String(reflecting: type).split(separator: ".").dropFirst().joined(separator: ".")
    }

    init?(of schema: JSON) {
        if let name = Schema.reference(schema) {
            self = .named(name)
            return
        }
        switch schema["type"]?.string {
        case "boolean": self = .boolean
        case "integer": self = .integer
        case "number": self = .number
        case "string": self = .string
        case "array":
            guard let element = schema["items"].flatMap(Shape.init(of:)) else { return nil }
            self = .array(element)
        case "object":
            guard let value = schema["additionalProperties"].flatMap(Shape.init(of:)) else { return nil }
            self = .map(value)
        default: return nil
        }
    }
}

/// A decoder that has every member it is asked for and remembers what was asked: so the code itself tells which members a type
/// has, of which types they are, and which of them may be missing.
final class Probe: Decoder {
    struct Member: Equatable {
        var shape: Shape
        var isRequired: Bool
    }

    private(set) var members: [String: Member] = [:]
    fileprivate var optional: Set<String> = []

    static func members(of type: any Decodable.Type) throws -> [String: Member] {
        let probe = Probe()
        _ = try type.init(from: probe)
        return probe.members
    }

    struct NotThere: Error {}

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ProbeContainer<Key>(probe: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw NotThere() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw NotThere() }

    fileprivate func note(_ type: Any.Type, _ key: String) {
        members[key] = Member(shape: Shape(of: type), isRequired: !optional.contains(key))
    }

    /// Some value of a type, in which every member is there and every list has an element.
    static func value<T: Decodable>(of type: T.Type) throws -> T {
        let simple: [any Sendable] = [
            true, 1, Int32(1), Int64(1), UInt32(1), 1.5, "text", Timestamp(milliseconds: 1), JSONValue.null,
            Data([1]), RequestID.number(1),
        ]
        let value: Any? =
            switch type {
            case let list as any List.Type: try list.sample()
            case let map as any Map.Type: try map.sample()
            case let words as any CaseIterable.Type: first(of: words)
            default: simple.first { $0 is T }
            }
        return if let value = value as? T { value } else { try T(from: Probe()) }
    }

    private static func first<Words: CaseIterable>(of words: Words.Type) -> Words? { words.allCases.first }
}

private struct ProbeContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let probe: Probe
    var codingPath: [any CodingKey] { [] }
    /// None, so that nothing is unknown.
    var allKeys: [Key] { [] }

    /// `decodeIfPresent` asks this first, `decode` does not.
    func contains(_ key: Key) -> Bool {
        probe.optional.insert(key.stringValue)
        return true
    }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        probe.note(type, key.stringValue)
        return try Probe.value(of: type)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { throw Probe.NotThere() }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Probe.NotThere() }
    func superDecoder() throws -> any Decoder { throw Probe.NotThere() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw Probe.NotThere() }
}

private protocol List {
    static var element: Any.Type { get }
    static func sample() throws -> Any
}

extension Array: List where Element: Decodable {
    fileprivate static var element: Any.Type { Element.self }
    fileprivate static func sample() throws -> Any { [try Probe.value(of: Element.self)] }
}

private protocol Map {
    static var value: Any.Type { get }
    static func sample() throws -> Any
}

extension Dictionary: Map where Key == String, Value: Decodable {
    fileprivate static var value: Any.Type { Value.self }
    fileprivate static func sample() throws -> Any { ["key": try Probe.value(of: Value.self)] }
}
