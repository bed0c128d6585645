import Text

/// Where something is in a JSON document: a JSON Pointer (RFC 6901), in which `*` stands for each element of an array or
/// object, and `-1` for the last of an array.
public struct Pointer: Sendable, Hashable {
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
            part == "*" ? .each : .key(Self.unescaped(part))
        }
    }

    /// `~1` is a slash, and `~0` a tilde.
    private static func unescaped(_ part: String) -> String {
        var result = String.UnicodeScalarView()
        var rest = part.unicodeScalars.makeIterator()
        while let character = rest.next() {
            guard character == "~" else {
                result.append(character)
                continue
            }
            switch rest.next() {
            case "0": result.append("~")
            case "1": result.append("/")
            case let other:
                result.append("~")
                if let other { result.append(other) }
            }
        }
        return String(result)
    }
}
