import OrchProtocol

/// Puts a document to a schema, at a cost that is bounded whatever they are.
struct SchemaCheck {
    /// Far more than any honest schema takes for a megabyte, and a second or so.
    private static let budget = 10_000_000
    /// How deep the nodes of the schema and the values of the document go, together.
    private static let maximumDepth = 256

    let nodes: [[Assertion]]
    private var left = Self.budget
    private var depth = 0

    init(nodes: [[Assertion]]) { self.nodes = nodes }

    mutating func mismatch(of value: JSONValue, with node: Int) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw .init(path: "", problem: "is nested too deep for its schema") }
        try spend(1)
        for assertion in nodes[node] {
            try spend(1)
            if let mismatch = try mismatch(of: value, with: assertion) { return mismatch }
        }
        return nil
    }

    mutating func spend(_ cost: Int) throws(JSONSchema.Mismatch) {
        left -= cost
        guard left >= 0 else { throw .init(path: "", problem: "takes too long to be checked against its schema") }
    }

    private mutating func mismatch(
        of value: JSONValue, with assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch (assertion, value) {
        case (.never, _): return .init("is not allowed here")
        case (.type(let types), _):
            if types.contains(where: { $0.holds(value) }) { return nil }
            return .init("must be \(types.map(\.text).joined(separator: " or ")), not \(value.text)")
        case (.values(let values, let weight), _):
            try spend(weight)
            if values.contains(value) { return nil }
            let known = values.prefix(8).map(\.text).joined(separator: ", ") + (values.count > 8 ? ", …" : "")
            return .init("must be \(values.count == 1 ? known : "one of \(known)"), not \(value.text)")
        case (.minimum, _), (.maximum, _), (.multiple, _): return Self.mismatch(ofNumber: value, with: assertion)
        case (.length, .string(let text)), (.pattern, .string(let text)): return try mismatch(of: text, with: assertion)
        case (_, .array(let elements)): return try mismatch(of: elements, value, with: assertion)
        case (_, .object(let members)): return try mismatch(of: members, value, with: assertion)
        default: return try mismatch(of: value, withNodesOf: assertion)
        }
    }

    private static func mismatch(ofNumber value: JSONValue, with assertion: Assertion) -> JSONSchema.Mismatch? {
        switch assertion {
        case .minimum(let bound, let isExclusive):
            guard let isBelow = value.isLess(than: bound), let isAbove = bound.isLess(than: value) else { return nil }
            if isExclusive ? isAbove : !isBelow { return nil }
            return .init("must be \(isExclusive ? "above" : "at least") \(bound.text), not \(value.text)")
        case .maximum(let bound, let isExclusive):
            guard let isBelow = value.isLess(than: bound), let isAbove = bound.isLess(than: value) else { return nil }
            if isExclusive ? isBelow : !isAbove { return nil }
            return .init("must be \(isExclusive ? "below" : "at most") \(bound.text), not \(value.text)")
        case .multiple(let step):
            return value.isMultiple(of: step) ?? true ? nil : .init("must be a multiple of \(step.text), not \(value.text)")
        default: return nil
        }
    }

    private mutating func mismatch(
        of text: String, with assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch assertion {
        case .length(let limits):
            try spend(text.utf8.count / 16)
            let count = text.unicodeScalars.count
            return limits.contains(count) ? nil : .init("must have \(limits.text) characters, not \(count)")
        case .pattern(let pattern):
            return try matches(pattern, text)
                ? nil : .init("must match the pattern \(pattern.text.shortened(to: 80)), unlike \(JSONValue.string(text).text)")
        default: return nil
        }
    }

    mutating func matches(_ pattern: Pattern, _ text: String) throws(JSONSchema.Mismatch) -> Bool {
        var steps = left
        let matches = pattern.matches(text, steps: &steps)
        left = steps
        guard let matches else { throw .init(path: "", problem: "takes too long to be checked against its schema") }
        return matches
    }

    // MARK: Combinations

    /// What asks nodes about the same value.
    mutating func mismatch(
        of value: JSONValue, withNodesOf assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch assertion {
        case .all(let nodes):
            for node in nodes { if let mismatch = try mismatch(of: value, with: node) { return mismatch } }
            return nil
        case .any(let nodes):
            var first: JSONSchema.Mismatch?
            for node in nodes {
                guard let mismatch = try mismatch(of: value, with: node) else { return nil }
                first = first ?? mismatch
            }
            guard nodes.count > 1, let first else { return first }
            return .init(path: first.path, problem: "\(first.problem), and fits none of the other \(nodes.count - 1) choices")
        case .exactlyOne(let nodes):
            var fitting: [Int] = []
            var first: JSONSchema.Mismatch?
            for (index, node) in nodes.enumerated() {
                if let mismatch = try mismatch(of: value, with: node) {
                    first = first ?? mismatch
                } else {
                    fitting.append(index)
                }
                if fitting.count > 1 {
                    return .init("must fit one of \(nodes.count) choices, and fits two: \(fitting[0]) and \(fitting[1])")
                }
            }
            guard fitting.isEmpty, let first else { return nil }
            return nodes.count == 1
                ? first
                : .init(path: first.path, problem: "\(first.problem), and fits none of the other \(nodes.count - 1) choices")
        case .not(let node): return try mismatch(of: value, with: node) == nil ? .init("is what it must not be") : nil
        case .condition(let condition, let then, let otherwise):
            guard let next = try mismatch(of: value, with: condition) == nil ? then : otherwise else { return nil }
            return try mismatch(of: value, with: next)
        default: return nil
        }
    }
}

extension JSONSchema.Mismatch {
    init(_ problem: String) { self.init(path: "", problem: problem) }

    /// The same, of a value within another.
    func within(_ key: String) -> Self { Self(path: "/\(SchemaCompiler.escaped(key))\(path)", problem: problem) }
}
