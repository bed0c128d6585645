import JSON
import Text

/// Makes nodes of the places of a schema that can be reached. References are followed by a list of what is still to do and not by
/// recursion, so that a long chain of them takes no stack.
struct SchemaCompiler {
    private let document: JSONValue
    private var numbers: [ExactText: Int] = [:]
    private var paths: [String] = []
    private var nodes: [[Assertion]] = []
    private var pending: [(node: Int, schema: JSONValue)] = []

    init(_ document: JSONValue) { self.document = document }

    mutating func compile() throws(JSONSchema.Fault) -> [[Assertion]] {
        try checkDialect()
        _ = node(at: "", document)
        while let next = pending.popLast() {
            nodes[next.node] = try assertions(of: next.schema, at: paths[next.node])
        }
        try checkCycles()
        return nodes
    }

    /// The drafts from 6 on differ in what is refused below, or in nothing that is asserted.
    private func checkDialect() throws(JSONSchema.Fault) {
        guard case .object(let members) = document, let dialect = members["$schema"] else { return }
        let known = ["draft-06/schema", "draft-07/schema", "draft/2019-09/schema", "draft/2020-12/schema"]
        guard case .string(let name) = dialect, known.contains(where: { name.contains("json-schema.org/\($0)") }) else {
            throw fault("/$schema", "only drafts 6, 7, 2019-09 and 2020-12 of JSON Schema are known")
        }
    }

    /// The number of the node for a place in the schema.
    mutating func node(at path: String, _ schema: JSONValue) -> Int {
        if let number = numbers[ExactText(path)] { return number }
        let number = nodes.count
        numbers[ExactText(path)] = number
        paths.append(path)
        nodes.append([])
        pending.append((number, schema))
        return number
    }

    /// The node that a `$ref` leads to.
    mutating func target(of reference: String, at path: String) throws(JSONSchema.Fault) -> Int {
        guard reference == "#" || reference.has(prefix: "#/") else {
            throw fault(
                path,
                "refers to \"\(reference.shortened(to: 80))\"; only references within the schema, such as "
                    + "\"#/$defs/name\", are followed")
        }
        var place = document
        var target = ""
        for step in String(reference.unicodeScalars.dropFirst(2)).parts(at: "/") where reference != "#" {
            guard let key = Self.decoded(step) else {
                throw fault(path, "is not a JSON pointer: \"\(reference.shortened(to: 80))\"")
            }
            switch place {
            case .object(let members): place = try found(members[ExactText(key)], reference, path)
            case .array(let elements):
                let index = Int(key) ?? -1
                place = try found(elements.indices.contains(index) ? elements[index] : nil, reference, path)
            default: place = try found(nil, reference, path)
            }
            target += "/" + JSONPointer.escaped(key)
        }
        return node(at: target, place)
    }

    private func found(_ value: JSONValue?, _ reference: String, _ path: String) throws(JSONSchema.Fault) -> JSONValue {
        guard let value else { throw fault(path, "there is nothing at \"\(reference.shortened(to: 80))\"") }
        return value
    }

    /// A schema that is put to the value that it is itself put to would never end. Nodes are taken away that lead to no others; what is
    /// left goes round (A. Kahn, 1962).
    private func checkCycles() throws(JSONSchema.Fault) {
        var users = [[Int]](repeating: [], count: nodes.count)
        var open = [Int](repeating: 0, count: nodes.count)
        for (number, assertions) in nodes.enumerated() {
            for used in assertions.flatMap(\.nodesOfSameValue) {
                users[used].append(number)
                open[number] += 1
            }
        }
        var free = nodes.indices.filter { open[$0] == 0 }
        while let node = free.popLast() {
            for user in users[node] {
                open[user] -= 1
                if open[user] == 0 { free.append(user) }
            }
        }
        if let node = open.firstIndex(where: { $0 > 0 }) { throw fault(paths[node], "refers to itself") }
    }

    func fault(_ path: String, _ problem: String) -> JSONSchema.Fault { JSONSchema.Fault(path: path, problem: problem) }

    /// A step of a pointer within a URI. Nil for a `%` without its two digits.
    private static func decoded(_ step: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(step.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return JSONPointer.unescaped(String(decoding: bytes, as: UTF8.self))
    }
}

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
            nodes[key] = node(at: "\(reader.path)/\(name)/\(JSONPointer.escaped(key.text))", schema)
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
