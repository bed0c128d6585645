import OrchProtocol
import Text

/// What the keywords mean. Those of one place are read together, since some speak of others.
extension SchemaCompiler {
    /// Keywords that assert something which is not kept to here, and what to write instead.
    private static let refused: [ExactText: String] = [
        "$dynamicRef": "use \"$ref\"", "$recursiveRef": "use \"$ref\"", "unevaluatedProperties": "use \"additionalProperties\"",
        "unevaluatedItems": "use \"items\"", "additionalItems": "use \"prefixItems\" and \"items\" of draft 2020-12",
        "dependencies": "use \"dependentRequired\" or \"dependentSchemas\"",
    ]

    mutating func assertions(of schema: JSONValue, at path: String) throws(JSONSchema.Fault) -> [Assertion] {
        switch schema {
        case .bool(true): return []
        case .bool(false): return [.never]
        case .object(let members):
            for (name, advice) in Self.refused where members[name] != nil {
                throw fault(path, "\"\(name)\" is not supported; \(advice)")
            }
            if !path.isEmpty, members["$id"] != nil {
                throw fault(path, "\"$id\" is supported at the root only; refer by \"#/$defs/name\"")
            }
            var reader = KeywordReader(members: members, path: path)
            var assertions = try reader.scalarAssertions()
            assertions += try arrays(&reader)
            assertions += try objects(&reader)
            assertions += try combinations(&reader)
            return assertions
        default: throw fault(path, "a schema is an object, or true or false")
        }
    }

    // MARK: Schemas within

    private mutating func node(_ name: ExactText, of reader: KeywordReader) -> Int? {
        reader.members[name].map { node(at: "\(reader.path)/\(name)", $0) }
    }

    private mutating func nodes(_ name: ExactText, of reader: KeywordReader) throws(JSONSchema.Fault) -> [Int]? {
        guard let elements = try reader.array(name) else { return nil }
        guard !elements.isEmpty else { throw reader.fault(name, "must not be empty") }
        return elements.enumerated().map { node(at: "\(reader.path)/\(name)/\($0.offset)", $0.element) }
    }

    private mutating func namedNodes(_ name: ExactText, of reader: KeywordReader) throws(JSONSchema.Fault) -> [ExactText: Int] {
        var nodes: [ExactText: Int] = [:]
        for (key, schema) in try reader.object(name) ?? [:] {
            nodes[key] = node(at: "\(reader.path)/\(name)/\(Self.escaped(key.text))", schema)
        }
        return nodes
    }

    // MARK: Keywords

    private mutating func arrays(_ reader: inout KeywordReader) throws(JSONSchema.Fault) -> [Assertion] {
        var assertions: [Assertion] = []
        if let limits = try reader.limits("minItems", "maxItems") { assertions.append(.elementCount(limits)) }
        if try reader.flag("uniqueItems") { assertions.append(.unique) }
        if case .array = reader.members["items"] {
            throw reader.fault("items", "must be one schema; use \"prefixItems\" of draft 2020-12 for a list of them")
        }
        let first = try nodes("prefixItems", of: reader) ?? []
        let rest = node("items", of: reader)
        if !first.isEmpty || rest != nil { assertions.append(.elements(first: first, rest: rest)) }
        if let contained = node("contains", of: reader) {
            var limits = Limits(minimum: 1)
            if let minimum = try reader.count("minContains") { limits.minimum = minimum }
            if let maximum = try reader.count("maxContains") { limits.maximum = maximum }
            assertions.append(.contains(contained, limits))
        }
        return assertions
    }

    private mutating func objects(_ reader: inout KeywordReader) throws(JSONSchema.Fault) -> [Assertion] {
        var assertions: [Assertion] = []
        if let limits = try reader.limits("minProperties", "maxProperties") { assertions.append(.memberCount(limits)) }
        if let names = try reader.strings("required") { assertions.append(.required(names.map { ExactText($0) })) }
        if let object = try reader.object("dependentRequired") {
            var names: [ExactText: [ExactText]] = [:]
            for (name, value) in object {
                guard let list = reader.strings(value) else {
                    throw reader.fault("dependentRequired", "must hold lists of strings")
                }
                names[name] = list.map { ExactText($0) }
            }
            assertions.append(.requiredWith(names))
        }
        let named = try namedNodes("properties", of: reader)
        var matching: [(pattern: Pattern, node: Int)] = []
        for (text, node) in try namedNodes("patternProperties", of: reader) {
            matching.append((try reader.pattern(text.text, "patternProperties"), node))
        }
        let rest = node("additionalProperties", of: reader)
        if !named.isEmpty || !matching.isEmpty || rest != nil {
            assertions.append(.members(named: named, matching: matching, rest: rest))
        }
        if let names = node("propertyNames", of: reader) { assertions.append(.memberNames(names)) }
        let dependent = try namedNodes("dependentSchemas", of: reader)
        if !dependent.isEmpty { assertions.append(.nodesWith(dependent)) }
        return assertions
    }

    private mutating func combinations(_ reader: inout KeywordReader) throws(JSONSchema.Fault) -> [Assertion] {
        var assertions: [Assertion] = []
        if let reference = try reader.string("$ref") { assertions.append(.all([try target(of: reference, at: reader.path)])) }
        if let nodes = try nodes("allOf", of: reader) { assertions.append(.all(nodes)) }
        if let nodes = try nodes("anyOf", of: reader) { assertions.append(.any(nodes)) }
        if let nodes = try nodes("oneOf", of: reader) { assertions.append(.exactlyOne(nodes)) }
        if let excluded = node("not", of: reader) { assertions.append(.not(excluded)) }
        if let condition = node("if", of: reader) {
            let (then, otherwise) = (node("then", of: reader), node("else", of: reader))
            if then != nil || otherwise != nil { assertions.append(.condition(if: condition, then: then, else: otherwise)) }
        }
        // They assert nothing by themselves, but a fault in one is better found now than when it is first referred to.
        for name: ExactText in ["$defs", "definitions"] { _ = try namedNodes(name, of: reader) }
        return assertions
    }
}
