import JSON
import Text

/// Values written down in a program, and parts of values that came from elsewhere.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .string(text) }
    public init(integerLiteral number: Int64) { self = .integer(number) }
    public init(booleanLiteral truth: Bool) { self = .bool(truth) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Members whose value is nil are left out; of a name that comes twice the last counts.
    public init(dictionaryLiteral members: (String, JSONValue?)...) {
        self = .object(members.reduce(into: [:]) { $0[ExactText($1.0)] = $1.1 })
    }

    /// The member of an object; nil where there is none, or this is not an object.
    subscript(name: String) -> JSONValue? {
        get { if case .object(let members) = self { members[ExactText(name)] } else { nil } }
        set {
            guard case .object(var members) = self else { return }
            members[ExactText(name)] = newValue
            self = .object(members)
        }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var whole: Int64? { if case .integer(let number) = self { number } else { nil } }
    var truth: Bool? { if case .bool(let truth) = self { truth } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    var members: [ExactText: JSONValue]? { if case .object(let members) = self { members } else { nil } }

    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
