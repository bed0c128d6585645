/// A member of a JSON object that Discord may leave out, and that may hold more than this program knows. What cannot be read must not cost the
/// rest: the value is blank then, and a list lacks only the elements that cannot be read.
@propertyWrapper public struct Lenient<Value: Blank> {
    public var wrappedValue: Value

    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
}

extension Lenient: Equatable where Value: Equatable {}
extension Lenient: Hashable where Value: Hashable {}
extension Lenient: Sendable where Value: Sendable {}

/// A type with a value that says nothing.
public protocol Blank {
    static var blank: Self { get }
}

extension Optional: Blank { public static var blank: Self { nil } }
extension Array: Blank { public static var blank: Self { [] } }
extension String: Blank { public static var blank: Self { "" } }
extension Int: Blank { public static var blank: Self { 0 } }
extension Bool: Blank { public static var blank: Self { false } }

extension Lenient: Decodable where Value: Decodable {
    public init(from decoder: any Decoder) throws { wrappedValue = (try? Value(from: decoder)) ?? .blank }
}

extension Lenient: Encodable where Value: Encodable {
    public func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

/// What the compiler chooses for properties with this wrapper, since it fits them better than what the library has for any type.
extension KeyedDecodingContainer {
    func decode<Value: Decodable>(_ type: Lenient<Value>.Type, forKey key: Key) throws -> Lenient<Value> {
        Lenient(wrappedValue: lenient(key) ?? .blank)
    }

    func decode<Element: Decodable>(_ type: Lenient<[Element]>.Type, forKey key: Key) throws -> Lenient<[Element]> {
        Lenient(wrappedValue: try list(key))
    }

    func decode<Element: Decodable>(_ type: Lenient<[Element]?>.Type, forKey key: Key) throws -> Lenient<[Element]?> {
        Lenient(wrappedValue: contains(key) ? try list(key) : nil)
    }

    /// A list without the elements that cannot be read; empty where there is none. No more than `most` are kept.
    func list<Element: Decodable>(_ key: Key, most: Int = 10_000) throws -> [Element] {
        guard contains(key), try !decodeNil(forKey: key) else { return [] }
        var elements: [Element] = []
        var rest = try nestedUnkeyedContainer(forKey: key)
        while !rest.isAtEnd, elements.count < most {
            if try rest.decodeNil() { continue }
            if let element = try rest.decode(Readable<Element>.self).value { elements.append(element) }
        }
        return elements
    }

    /// What can be read of an optional value; nil where it is missing, null, or of another kind.
    func lenient<Value: Decodable>(_ key: Key) -> Value? {
        try? decodeIfPresent(Value.self, forKey: key)
    }
}

extension KeyedEncodingContainer {
    mutating func encode<Value: Encodable>(_ value: Lenient<Value?>, forKey key: Key) throws {
        try encodeIfPresent(value.wrappedValue, forKey: key)
    }
}

/// A value, or nothing where it is of another kind. Reading it never fails, so that a list continues behind it.
struct Readable<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }
}
