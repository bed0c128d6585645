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

    func string(_ name: ExactText) throws(JSONSchema.Fault) -> String? {
        guard let value = members[name] else { return nil }
        guard case .string(let text) = value else { throw fault(name, "must be a string") }
        return text
    }

    func flag(_ name: ExactText) throws(JSONSchema.Fault) -> Bool {
        guard let value = members[name] else { return false }
        guard case .bool(let flag) = value else { throw fault(name, "must be true or false") }
        return flag
    }

    func array(_ name: ExactText) throws(JSONSchema.Fault) -> [JSONValue]? {
        guard let value = members[name] else { return nil }
        guard case .array(let elements) = value else { throw fault(name, "must be an array") }
        return elements
    }

    func object(_ name: ExactText) throws(JSONSchema.Fault) -> [ExactText: JSONValue]? {
        guard let value = members[name] else { return nil }
        guard case .object(let members) = value else { throw fault(name, "must be an object") }
        return members
    }

    func strings(_ value: JSONValue) -> [String]? {
        guard case .array(let elements) = value else { return nil }
        let strings = elements.compactMap { element in if case .string(let text) = element { text } else { nil } }
        return strings.count == elements.count ? strings : nil
    }

    func strings(_ name: ExactText) throws(JSONSchema.Fault) -> [String]? {
        guard let value = members[name] else { return nil }
        guard let strings = strings(value) else { throw fault(name, "must be a list of strings") }
        return strings
    }

    private func number(_ name: ExactText) throws(JSONSchema.Fault) -> JSONValue? {
        guard let value = members[name] else { return nil }
        guard value.double != nil else { throw fault(name, "must be a number") }
        return value
    }

    func count(_ name: ExactText) throws(JSONSchema.Fault) -> Int? {
        guard let value = members[name] else { return nil }
        guard case .integer(let count) = value, count >= 0 else { throw fault(name, "must be a whole number, at least 0") }
        return Int(count)
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
