import Text

/// Where something is in a JSON document: a JSON Pointer (RFC 6901), in which `*` stands for each element of an array or
/// object, and `-1` for the last of an array.
public struct JSONPointer: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// The key of an object, or the index of an array, from 0; −1 is the last.
        case key(String)
        case each
    }

    let steps: [Step]

    /// Nil for text that is not a pointer: it is empty, which means the whole document, or begins with `/`.
    public init?(_ text: String) {
        guard !text.isEmpty else {
            steps = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        steps = String(text.unicodeScalars.dropFirst()).parts(at: "/").map { part in
            part == "*" ? .each : .key(Self.unescaped(part) ?? part)
        }
    }

    /// A key as a step of a pointer.
    public static func escaped(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        return key.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// The key that a step means: `~1` is a slash, and `~0` a tilde. Nil for any other `~`.
    public static func unescaped(_ step: String) -> String? {
        var text = ""
        var isEscape = false
        for scalar in step.unicodeScalars {
            if isEscape {
                guard scalar == "0" || scalar == "1" else { return nil }
                text += scalar == "0" ? "~" : "/"
                isEscape = false
            } else if scalar == "~" {
                isEscape = true
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return isEscape ? nil : text
    }
}
