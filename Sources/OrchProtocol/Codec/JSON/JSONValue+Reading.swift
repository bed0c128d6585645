import Text

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
        case UInt8(ascii: "{"): return try members()
        case UInt8(ascii: "["): return try elements()
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

    private mutating func members() throws(Malformed) -> JSONValue {
        _ = skip("{")
        try descend()
        defer { depth -= 1 }
        var members: [ExactText: JSONValue] = [:]
        skipSpace()
        if skip("}") { return .object(members) }
        repeat {
            skipSpace()
            let key = ExactText(JSONString.text(of: bytes[try string()]))
            skipSpace()
            guard skip(":") else { throw fail("no ':' after a key") }
            members[key] = try tree()
            skipSpace()
        } while skip(",")
        guard skip("}") else { throw fail("neither ',' nor '}' after a value") }
        return .object(members)
    }

    private mutating func elements() throws(Malformed) -> JSONValue {
        _ = skip("[")
        try descend()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        skipSpace()
        if skip("]") { return .array(elements) }
        repeat {
            elements.append(try tree())
            skipSpace()
        } while skip(",")
        guard skip("]") else { throw fail("neither ',' nor ']' after a value") }
        return .array(elements)
    }
}
