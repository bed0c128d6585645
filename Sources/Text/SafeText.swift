/// Text from tasks, made harmless: a name or a prompt may hold what would clear the reader's screen or forge a line.
public enum SafeText {
    /// On one line: white space runs become one space; what steers a terminal becomes `·`.
    public static func line(_ text: some StringProtocol) -> String {
        var result = String.UnicodeScalarView()
        var space = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                space = !result.isEmpty
                continue
            }
            if space { result.append(" ") }
            space = false
            result.append(scalar.isControl ? "·" : scalar)
        }
        return String(result)
    }

    /// On as many lines as it has.
    public static func block(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar.isControl && scalar != "\n" && scalar != "\t" ? "·" : scalar)
        }
        return String(result)
    }

    /// An argument list as a shell needs it to get the same bytes. It is one line, and harmless to look at.
    public static func command(_ arguments: [ByteString]) -> String {
        arguments.enumerated().map { $1.shellQuoted(asProgram: $0 == 0) }.joined(separator: " ")
    }

    /// A path, or another thing that is usually text: on one line, and what cannot be shown in quotes.
    public static func line(_ bytes: ByteString) -> String {
        bytes.text.map { $0.hasControls ? bytes.shellQuoted() : line($0) } ?? bytes.shellQuoted()
    }
}
