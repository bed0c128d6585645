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
    /// The first there is in a document; nil where there is none, and for what is not JSON before it.
    public static func repeatedName(in document: [UInt8]) -> RepeatedName? {
        var scanner = JSONScanner(document)
        var found: RepeatedName?
        // What is malformed is for others to say.
        try? scanner.lookForRepeatedName(&found)
        return found
    }

    /// Passes a value in which no name has been found yet.
    private mutating func lookForRepeatedName(_ found: inout RepeatedName?) throws(Malformed) {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"):
            // The dictionary has one place for two spellings, which is how they are found.
            var names: [String: String] = [:]
            try members { scanner, key throws(Malformed) in
                let name = JSONString.text(of: scanner.bytes[key])
                if found == nil, let old = names.updateValue(name, forKey: name) {
                    found = RepeatedName(name: name, path: [], isRespelt: !old.isSame(as: name))
                }
                try scanner.lookForRepeatedName(&found, in: name)
            }
        case UInt8(ascii: "["):
            var index = 0
            try elements { scanner throws(Malformed) in
                try scanner.lookForRepeatedName(&found, in: "[\(index)]")
                index += 1
            }
        default: _ = try value()
        }
    }

    /// The same in a member or an element; once a name has been found, it is only passed.
    private mutating func lookForRepeatedName(
        _ found: inout RepeatedName?, in place: @autoclosure () -> String
    ) throws(Malformed) {
        if found != nil { return _ = try value() }
        defer { found?.path.insert(place(), at: 0) }
        try lookForRepeatedName(&found)
    }
}
