import OrchProtocol
import Text

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

    /// Whether one number is less than another; nil where one is none.
    func isLess(than other: JSONValue) -> Bool? {
        // A double cannot hold every integer, so two integers are compared as such.
        if case .integer(let left) = self, case .integer(let right) = other { return left < right }
        guard let left = double, let right = other.double else { return nil }
        return left < right
    }

    /// Whether it is a multiple of a number above 0; nil where it is no number. 0.07 is one of 0.01, although the doubles nearest to
    /// the two are not: what is off by less than their precision is not off.
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
