import JSON
import Text

/// The keywords of one place in a schema, each of its type.
struct KeywordReader {
    let members: [ExactText: JSONValue]
    let path: String

    func fault(_ name: ExactText, _ problem: String) -> JSONSchema.Fault {
        JSONSchema.Fault(path: path, problem: "\"\(name)\" \(problem)")
    }

    // MARK: Types

    /// What a keyword says, if it is there; it must be of its type.
    private func value<T>(_ name: ExactText, _ type: String, _ read: (JSONValue) -> T?) throws(JSONSchema.Fault) -> T? {
        guard let value = members[name] else { return nil }
        guard let result = read(value) else { throw fault(name, "must be \(type)") }
        return result
    }

    func string(_ name: ExactText) throws(JSONSchema.Fault) -> String? {
        try value(name, "a string") { if case .string(let text) = $0 { text } else { nil } }
    }

    func flag(_ name: ExactText) throws(JSONSchema.Fault) -> Bool {
        try value(name, "true or false") { if case .bool(let flag) = $0 { flag } else { nil } } ?? false
    }

    func array(_ name: ExactText) throws(JSONSchema.Fault) -> [JSONValue]? {
        try value(name, "an array") { if case .array(let elements) = $0 { elements } else { nil } }
    }

    func object(_ name: ExactText) throws(JSONSchema.Fault) -> [ExactText: JSONValue]? {
        try value(name, "an object") { if case .object(let members) = $0 { members } else { nil } }
    }

    func strings(_ value: JSONValue) -> [String]? {
        guard case .array(let elements) = value else { return nil }
        let strings = elements.compactMap { element in if case .string(let text) = element { text } else { nil } }
        return strings.count == elements.count ? strings : nil
    }

    func strings(_ name: ExactText) throws(JSONSchema.Fault) -> [String]? {
        try value(name, "a list of strings") { strings($0) }
    }

    private func number(_ name: ExactText) throws(JSONSchema.Fault) -> JSONValue? {
        try value(name, "a number") { $0.double == nil ? nil : $0 }
    }

    func count(_ name: ExactText) throws(JSONSchema.Fault) -> Int? {
        try value(name, "a whole number, at least 0") {
            if case .integer(let count) = $0, count >= 0 { Int(count) } else { nil }
        }
    }

    func limits(_ minimum: ExactText, _ maximum: ExactText) throws(JSONSchema.Fault) -> Limits? {
        let (low, high) = (try count(minimum), try count(maximum))
        return low == nil && high == nil ? nil : Limits(minimum: low ?? 0, maximum: high ?? .max)
    }

    func pattern(_ text: String, _ name: ExactText) throws(JSONSchema.Fault) -> Pattern {
        do throws(Pattern.Fault) {
            return try Pattern(text)
        } catch {
            throw fault(name, "has the pattern \"\(text.shortened(to: 80))\", which \(error.problem)")
        }
    }

    // MARK: Keywords that hold no schemas

    func scalarAssertions() throws(JSONSchema.Fault) -> [Assertion] {
        var assertions: [Assertion] = []
        if let types = try types() { assertions.append(.type(types)) }
        if let value = members["const"] { assertions.append(.values([value], weight: value.weight)) }
        if let values = try array("enum") { assertions.append(.values(values, weight: JSONValue.array(values).weight)) }
        if let bound = try number("minimum") { assertions.append(.minimum(bound, isExclusive: false)) }
        if let bound = try number("exclusiveMinimum") { assertions.append(.minimum(bound, isExclusive: true)) }
        if let bound = try number("maximum") { assertions.append(.maximum(bound, isExclusive: false)) }
        if let bound = try number("exclusiveMaximum") { assertions.append(.maximum(bound, isExclusive: true)) }
        if let step = try number("multipleOf") {
            guard let double = step.double, double > 0 else { throw fault("multipleOf", "must be above 0") }
            assertions.append(.multiple(of: step))
        }
        if let limits = try limits("minLength", "maxLength") { assertions.append(.length(limits)) }
        if let text = try string("pattern") { assertions.append(.pattern(try pattern(text, "pattern"))) }
        return assertions
    }

    private func types() throws(JSONSchema.Fault) -> [JSONType]? {
        guard let value = members["type"] else { return nil }
        let names: [String]? = if case .string(let name) = value { [name] } else { strings(value) }
        guard let names, !names.isEmpty else { throw fault("type", "must be the name of a type, or a list of types") }
        var types: [JSONType] = []
        for name in names {
            guard let type = JSONType(rawValue: name) else {
                let known = JSONType.allCases.map(\.rawValue)
                let hint =
                    nearest(name, in: known).map { "did you mean \"\($0)\"?" } ?? "there are \(known.joined(separator: ", "))"
                throw fault("type", "has the unknown type \"\(name.shortened(to: 40))\"; \(hint)")
            }
            types.append(type)
        }
        return types
    }
}
