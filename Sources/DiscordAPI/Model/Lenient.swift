/// Reading what may hold more than this program knows. One element that it cannot read must not cost the rest.
extension KeyedDecodingContainer {
    /// A list without the elements that cannot be read; empty where there is none. No more than `most` are kept.
    func list<Element: Decodable>(_ key: Key, most: Int = 10_000) throws -> [Element] {
        guard contains(key), try !decodeNil(forKey: key) else { return [] }
        var elements: [Element] = []
        var rest = try nestedUnkeyedContainer(forKey: key)
        while !rest.isAtEnd, elements.count < most {
            if try rest.decodeNil() { continue }
            if let element = try rest.decode(Attempt<Element>.self).value { elements.append(element) }
        }
        return elements
    }

    /// What can be read of an optional value; nil where it is missing, null, or of another kind.
    func lenient<Value: Decodable>(_ key: Key) -> Value? {
        try? decodeIfPresent(Value.self, forKey: key)
    }
}

/// A value, or nothing where it is of another kind. Reading it never fails, so that a list continues behind it.
private struct Attempt<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }
}
