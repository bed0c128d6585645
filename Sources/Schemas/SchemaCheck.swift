import JSON
import Text

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
        guard depth <= Self.maximumDepth else { throw .init(path: "", problem: "is nested too deeply for its schema") }
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
            return try fits(value, nodes, enough: 1).mismatch
        case .exactlyOne(let nodes):
            let (fitting, mismatch) = try fits(value, nodes, enough: 2)
            guard fitting.count > 1 else { return mismatch }
            return .init("must fit one of \(nodes.count) choices, and fits two: \(fitting[0]) and \(fitting[1])")
        case .not(let node):
            return try mismatch(of: value, with: node) == nil ? .init("matches a schema that it must not match") : nil
        case .condition(let condition, let then, let otherwise):
            guard let next = try mismatch(of: value, with: condition) == nil ? then : otherwise else { return nil }
            return try mismatch(of: value, with: next)
        default: return nil
        }
    }

    /// Which of some choices a value fits, as far as it is enough to know; where it fits none, how it does not fit the first.
    private mutating func fits(
        _ value: JSONValue, _ choices: [Int], enough: Int
    ) throws(JSONSchema.Mismatch) -> (fitting: [Int], mismatch: JSONSchema.Mismatch?) {
        var fitting: [Int] = []
        var first: JSONSchema.Mismatch?
        for (index, node) in choices.enumerated() where fitting.count < enough {
            let mismatch = try mismatch(of: value, with: node)
            first = first ?? mismatch
            if mismatch == nil { fitting.append(index) }
        }
        guard fitting.isEmpty, choices.count > 1, let first else { return (fitting, fitting.isEmpty ? first : nil) }
        return ([], .init(path: first.path, problem: "\(first.problem), and fits no other of the \(choices.count) choices"))
    }
}

extension JSONSchema.Mismatch {
    init(_ problem: String) { self.init(path: "", problem: problem) }

    /// The same, of a value within another.
    func within(_ key: String) -> Self { Self(path: "/\(JSONPointer.escaped(key))\(path)", problem: problem) }
}

extension SchemaCheck {
    mutating func mismatch(
        of elements: [JSONValue], _ value: JSONValue, with assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch assertion {
        case .elementCount(let limits):
            return limits.contains(elements.count) ? nil : .init("must have \(limits.text) elements, not \(elements.count)")
        case .unique: return try repetition(in: elements)
        case .elements(let first, let rest):
            for (index, element) in elements.enumerated() {
                guard let node = index < first.count ? first[index] : rest else { return nil }
                if let mismatch = try mismatch(of: element, with: node) { return mismatch.within(String(index)) }
            }
            return nil
        case .contains(let node, let limits):
            var count = 0
            for element in elements where try mismatch(of: element, with: node) == nil { count += 1 }
            return limits.contains(count)
                ? nil : .init("must have \(limits.text) elements of the kind that \"contains\" describes, not \(count)")
        default: return try mismatch(of: value, withNodesOf: assertion)
        }
    }

    private mutating func repetition(in elements: [JSONValue]) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        var seen: [JSONValue: Int] = [:]
        for (index, element) in elements.enumerated() {
            try spend(element.weight)
            if let earlier = seen.updateValue(index, forKey: element) {
                return .init("must not have equal elements; elements \(earlier) and \(index) are equal")
            }
        }
        return nil
    }

    mutating func mismatch(
        of members: [ExactText: JSONValue], _ value: JSONValue, with assertion: Assertion
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        switch assertion {
        case .memberCount(let limits):
            return limits.contains(members.count) ? nil : .init("must have \(limits.text) members, not \(members.count)")
        case .required(let names):
            try spend(names.count)
            return names.first { members[$0] == nil }.map { .init("must have the member \"\($0.text.shortened(to: 60))\"") }
        case .requiredWith(let lists):
            for (name, names) in lists where members[name] != nil {
                try spend(names.count)
                if let missing = names.first(where: { members[$0] == nil }) {
                    return .init(
                        "must have the member \"\(missing.text.shortened(to: 60))\", since it has \"\(name.text.shortened(to: 60))\""
                    )
                }
            }
            return nil
        case .members(let named, let matching, let rest):
            // In order, so that the same document always gets the same complaint.
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                try spend(1)
                if let mismatch = try mismatch(of: member, called: name, named, matching, rest) {
                    return mismatch.within(name.text)
                }
            }
            return nil
        case .memberNames(let node):
            for name in members.keys.sorted() {
                if let mismatch = try mismatch(of: .string(name.text), with: node) {
                    return .init("has a name that it must not have: \(mismatch.problem)").within(name.text)
                }
            }
            return nil
        case .nodesWith(let nodes):
            for (name, node) in nodes.sorted(by: { $0.key < $1.key }) where members[name] != nil {
                if let mismatch = try mismatch(of: value, with: node) { return mismatch }
            }
            return nil
        default: return try mismatch(of: value, withNodesOf: assertion)
        }
    }

    private mutating func mismatch(
        of member: JSONValue, called name: ExactText, _ named: [ExactText: Int], _ matching: [(pattern: Pattern, node: Int)],
        _ rest: Int?
    ) throws(JSONSchema.Mismatch) -> JSONSchema.Mismatch? {
        var isKnown = false
        if let node = named[name] {
            isKnown = true
            if let mismatch = try mismatch(of: member, with: node) { return mismatch }
        }
        for (pattern, node) in matching where try matches(pattern, name.text) {
            isKnown = true
            if let mismatch = try mismatch(of: member, with: node) { return mismatch }
        }
        guard !isKnown, let rest else { return nil }
        return try mismatch(of: member, with: rest)
    }
}

extension JSONValue {
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// Roughly what comparing it costs.
    var weight: Int {
        switch self {
        case .null, .bool, .integer, .number: 1
        case .string(let text): 1 + text.utf8.count / 32
        case .array(let elements): elements.reduce(1) { $0 + $1.weight }
        case .object(let members): members.reduce(1) { $0 + 1 + $1.key.text.utf8.count / 32 + $1.value.weight }
        }
    }

    /// Whether one number is less than another; nil if one of them is not a number.
    func isLess(than other: JSONValue) -> Bool? {
        // A double cannot hold every integer, so two integers are compared as such.
        if case .integer(let left) = self, case .integer(let right) = other { return left < right }
        guard let left = double, let right = other.double else { return nil }
        return left < right
    }

    /// Whether it is a multiple of a number above 0; nil if it is not a number. 0.07 is one of 0.01, although the doubles
    /// nearest to the two are not: what is off by less than their precision is not off.
    func isMultiple(of step: JSONValue) -> Bool? {
        if case .integer(let value) = self, case .integer(let step) = step { return value % step == 0 }
        guard let value = double, let step = step.double else { return nil }
        let quotient = value / step
        guard quotient.isFinite else { return value.truncatingRemainder(dividingBy: step) == 0 }
        return abs(quotient - quotient.rounded()) <= abs(quotient) * 4 * Double.ulpOfOne
    }

    /// What it is, for a sentence about what it should be.
    var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let text): "\"\(text.shortened(to: 40))\""
        case .array(let elements): "an array of \(elements.count)"
        case .object(let members): "an object with \(counted(members.count, "member"))"
        }
    }
}
