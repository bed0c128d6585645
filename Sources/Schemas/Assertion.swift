import JSON
import Text

/// One thing that a schema asks of a value. It holds for values of other types than it speaks of.
indirect enum Assertion: Sendable {
    /// The number of a node of the schema.
    typealias Node = Int

    case never
    case type([JSONType])
    /// `const` and `enum`.
    case values([JSONValue], weight: Int)

    case minimum(JSONValue, isExclusive: Bool)
    case maximum(JSONValue, isExclusive: Bool)
    case multiple(of: JSONValue)

    /// In scalars.
    case length(Limits)
    case pattern(Pattern)

    case elementCount(Limits)
    case unique
    case elements(first: [Node], rest: Node?)
    case contains(Node, Limits)

    case memberCount(Limits)
    case required([ExactText])
    case requiredWith([ExactText: [ExactText]])
    case members(named: [ExactText: Node], matching: [(pattern: Pattern, node: Node)], rest: Node?)
    case memberNames(Node)
    case nodesWith([ExactText: Node])

    case all([Node])
    case any([Node])
    case exactlyOne([Node])
    case not(Node)
    case condition(if: Node, then: Node?, else: Node?)

    /// The nodes that are put to the same value.
    var nodesOfSameValue: [Node] {
        switch self {
        case .all(let nodes), .any(let nodes), .exactlyOne(let nodes): nodes
        case .not(let node): [node]
        case .condition(let condition, let then, let otherwise): [condition, then, otherwise].compactMap(\.self)
        case .nodesWith(let nodes): Array(nodes.values)
        default: []
        }
    }
}

/// How many there may be of something.
struct Limits: Sendable, Equatable {
    var minimum = 0
    var maximum = Int.max

    func contains(_ count: Int) -> Bool { minimum <= count && count <= maximum }

    /// For sentences: `at least 2`, `3`, `1 to 4`.
    var text: String {
        if maximum == .max { return "at least \(minimum)" }
        if minimum == maximum { return "exactly \(minimum)" }
        return minimum == 0 ? "at most \(maximum)" : "\(minimum) to \(maximum)"
    }
}

enum JSONType: String, CaseIterable, Sendable {
    case null, boolean, integer, number, string, array, object

    func holds(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.integer, .integer), (.number, .integer), (.number, .number),
            (.string, .string), (.array, .array), (.object, .object):
            true
        // Whole, but too large for an integer.
        case (.integer, .number(let number)): number.rounded() == number
        default: false
        }
    }

    /// With its article.
    var text: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .integer: "a whole number"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
