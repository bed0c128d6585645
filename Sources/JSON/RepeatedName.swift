import Text

/// A name that an object has twice, for a reader that takes two spellings of Unicode for one text, as Foundation's decoder and most readers
/// of JSON do. Which of the two would count is nobody's choice, and so such an object is refused.
public struct RepeatedName: Equatable, Sendable {
    public var name: String
    /// The object, from the outside in: keys, and the numbers of elements as `[3]`.
    public var path: [String]
    /// Whether the two are not the same bytes.
    public var isRespelt: Bool

    /// As in "the object …".
    public var problem: String {
        let name = "has the name \"\(name.shortened(to: 80))\" twice"
        return isRespelt ? "\(name), in two spellings of Unicode" : name
    }
}

extension JSONScanner {
    /// The first there is in a document; nil where there is none, and for what is not JSON.
    public static func repeatedName(in document: [UInt8]) -> RepeatedName? {
        var scanner = JSONScanner(document)
        // What is malformed is for others to say.
        return (try? scanner.repeatedName()) ?? nil
    }

    private mutating func repeatedName() throws(Malformed) -> RepeatedName? {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try repeatedMember()
        case UInt8(ascii: "["): return try repeatedInElements()
        default:
            _ = try value()
            return nil
        }
    }

    private mutating func repeatedMember() throws(Malformed) -> RepeatedName? {
        _ = skip("{")
        try descend()
        defer { depth -= 1 }
        skipSpace()
        if skip("}") { return nil }
        // The dictionary has one place for two spellings, which is how they are found.
        var names: [String: String] = [:]
        repeat {
            skipSpace()
            let name = JSONString.text(of: bytes[try string()])
            if let old = names.updateValue(name, forKey: name) {
                return RepeatedName(name: name, path: [], isRespelt: !old.isSame(as: name))
            }
            skipSpace()
            guard skip(":") else { throw fail("no ':' after a key") }
            if let found = try repeatedName() { return found.within(name) }
            skipSpace()
        } while skip(",")
        _ = skip("}")
        return nil
    }

    private mutating func repeatedInElements() throws(Malformed) -> RepeatedName? {
        _ = skip("[")
        try descend()
        defer { depth -= 1 }
        skipSpace()
        if skip("]") { return nil }
        var index = 0
        repeat {
            if let found = try repeatedName() { return found.within("[\(index)]") }
            index += 1
            skipSpace()
        } while skip(",")
        _ = skip("]")
        return nil
    }
}

extension RepeatedName {
    fileprivate func within(_ place: String) -> RepeatedName {
        RepeatedName(name: name, path: [place] + path, isRespelt: isRespelt)
    }
}
