import Text

/// A line of fields with `|` between them, as the scripts that orchd replaces wrote and read them.
///
/// They had no way to put a `|` or a line feed into a field. Here `\|`, `\n`, `\r` and `\\` stand for them, and `\u{1B}` for what
/// would steer a terminal, so that any text survives. A backslash before anything else is one, as it was in the old files.
public enum LegacyLine {
    /// The line for fields, without a line feed.
    public static func text(_ fields: [String]) -> String { fields.map(escaped).joined(separator: "|") }

    /// The fields of a line; at least one.
    public static func fields(_ line: some StringProtocol) -> [String] {
        var fields = [String.UnicodeScalarView()]
        var rest = Substring(line).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "|": fields.append(String.UnicodeScalarView())
            case "\\": fields[fields.endIndex - 1].append(unescaped(&rest) ?? scalar)
            default: fields[fields.endIndex - 1].append(scalar)
            }
        }
        return fields.map { String($0) }
    }

    private static func escaped(_ field: String) -> String {
        var result = ""
        for scalar in field.unicodeScalars {
            switch scalar {
            case "|": result += "\\|"
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case _ where scalar.isControl: result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// What stands after a backslash, taken away; nil, and nothing taken, where that is no escape.
    private static func unescaped(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        let after = rest.dropFirst()
        switch rest.first {
        case "|", "\\": return rest.popFirst()
        case "n":
            rest = after
            return "\n"
        case "r":
            rest = after
            return "\r"
        case "u" where after.first == "{":
            let digits = after.dropFirst().prefix(9).prefix { $0 != "}" }
            guard digits.endIndex < after.endIndex, after[digits.endIndex] == "}",
                let scalar = UInt32(String(digits), radix: 16).flatMap(Unicode.Scalar.init)
            else { return nil }
            rest = after[after.index(after: digits.endIndex)...]
            return scalar
        default: return nil
        }
    }
}
