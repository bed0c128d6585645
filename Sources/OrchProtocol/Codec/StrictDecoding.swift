import FoundationEssentials

extension Decoder {
    /// The keyed container of an object that may have no other keys than those of `Key`.
    ///
    /// A misspelt option that is silently ignored is worse than an error, so every object of the protocol is read this way.
    func strictContainer<Key: CodingKey & CaseIterable>(keyedBy type: Key.Type) throws -> StrictContainer<Key> {
        try refuseMembers(otherThan: type)
        return StrictContainer(members: try container(keyedBy: type))
    }

    func refuseMembers<Key: CodingKey & CaseIterable>(otherThan type: Key.Type) throws {
        try refuseMembers(otherThan: type.allCases.map(\.stringValue))
    }

    /// - Throws: a ``WireError`` that names the first unknown member.
    func refuseMembers(otherThan known: @autoclosure () -> [String]) throws {
        let present = try container(keyedBy: AnyKey.self).allKeys
        guard !present.isEmpty else { return }
        let known = known()
        for key in present where !known.contains(key.stringValue) {
            let hint = nearest(key.stringValue, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw WireError(
                .invalidParameter, "unknown parameter \"\(key.stringValue.shortened(to: 80))\"\(hint)",
                field: fieldPath(codingPath + [key]))
        }
    }
}

/// The members of an object of the protocol. Whatever is wrong with one is said with its path and with what it may be.
struct StrictContainer<Key: CodingKey> {
    let members: KeyedDecodingContainer<Key>

    func contains(_ key: Key) -> Bool { members.contains(key) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        do {
            return try members.decode(type, forKey: key)
        } catch {
            throw fault(error, type, key)
        }
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        do {
            return try members.decodeIfPresent(type, forKey: key)
        } catch {
            throw fault(error, type, key)
        }
    }

    private func fault(_ error: any Error, _ type: any Any.Type, _ key: Key) -> any Error {
        let own = fieldPath(members.codingPath + [key])
        switch error {
        case DecodingError.typeMismatch(let wanted, let context), DecodingError.valueNotFound(let wanted, let context):
            let field = fieldPath(context.codingPath)
            let form = ValueRule.of(field: field)?.form ?? jsonName(of: wanted)
            return WireError(field: field, "must be \(form)\(field == own ? value(of: key) : "")")
        case is DecodingError, is WireError:
            return error
        default:
            // Foundation has errors of its own, without a place, for numbers that do not fit and for halves of surrogate pairs.
            let form = ValueRule.of(field: own)?.form ?? jsonName(of: type)
            let value = value(of: key)
            let isNumber = type is any FixedWidthInteger.Type || type is any BinaryFloatingPoint.Type
            let fault = isNumber ? "; it does not fit" : "; it has half a surrogate pair or a bare control character"
            return WireError(field: own, "must be \(form)\(value.isEmpty ? fault : value)")
        }
    }

    /// `, not 5.5`, where the value can be told at all.
    private func value(of key: Key) -> String {
        guard let value = try? members.decode(JSONValue.self, forKey: key), let line = try? Wire.line(value) else { return "" }
        return ", not \(String(decoding: line, as: UTF8.self).shortened(to: 60))"
    }
}

/// The path of a value below `params`, as a person would write it: `[3].labels.team`. Empty for the parameters as a whole.
func fieldPath(_ path: [any CodingKey]) -> String {
    var text = ""
    for (index, key) in path.enumerated() {
        let name = key.stringValue.isEmpty ? "\"\"" : key.stringValue.shortened(to: 80)
        if let element = key.intValue {
            text += "[\(element)]"
        } else if index == 0, name == "params" {
            continue
        } else if text.isEmpty {
            text = name
        } else {
            text += ".\(name)"
        }
    }
    return text
}

extension WireError {
    /// A decoder's complaint in the words of the protocol, naming the parameter.
    init(_ error: DecodingError, of method: any MethodDescriptor) {
        switch error {
        case .keyNotFound(let key, let context):
            let field = fieldPath(context.codingPath + [key])
            self.init(.invalidParameter, "\(method.name) needs the parameter \"\(field)\"", field: field)
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            self.init(of: method, at: context, "must be \(jsonName(of: type))")
        case .dataCorrupted(let context):
            self.init(of: method, at: context, context.debugDescription.isEmpty ? "not valid" : context.debugDescription, ":")
        @unknown default:
            self.init(.invalidParameter, "the parameters of \(method.name) are invalid")
        }
    }

    private init(of method: any MethodDescriptor, at context: DecodingError.Context, _ fault: String, _ mark: String = "") {
        let field = fieldPath(context.codingPath)
        let what = field.isEmpty ? "the parameters of \(method.name)" : "\"\(field)\""
        self.init(.invalidParameter, "\(what)\(mark) \(fault)", field: field)
    }
}

private func jsonName(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is [String: any Sendable].Type: "an object"
    default: String(describing: type).contains("Array") ? "an array" : "an object"
    }
}

/// Stands for `"params": {}` where a request leaves them out.
struct EmptyObject: Decodable {
    let decoder: any Decoder

    init(from decoder: any Decoder) { self.decoder = decoder }

    static func decoder() throws -> any Decoder { try JSONDecoder().decode(EmptyObject.self, from: Data("{}".utf8)).decoder }
}
