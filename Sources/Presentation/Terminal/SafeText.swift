import OrchProtocol

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

/// Whether and how text is coloured.
public struct Style: Sendable, Equatable {
    /// What a piece of text is, so that one place decides on its colour.
    public enum Role: Sendable, Equatable {
        case plain, strong, dim, good, bad, warning, accent
    }

    /// Whether escape sequences are written at all.
    public var isColoured: Bool

    /// No escape sequences: for files and pipes.
    public static let plain = Style(isColoured: false)
    /// Colours, whatever the environment.
    public static let coloured = Style(isColoured: true)

    private init(isColoured: Bool) { self.isColoured = isColoured }

    /// Colours on a terminal that can show them, and that nobody has asked to be without (https://no-color.org).
    public init(isTerminal: Bool, noColor: String?, term: String?) {
        isColoured = isTerminal && (noColor ?? "").isEmpty && !(term ?? "").isEmpty && term != "dumb"
    }

    /// The text in the colour of its role.
    public func callAsFunction(_ role: Role, _ text: String) -> String {
        guard isColoured, !text.isEmpty, let code = role.code else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }
}

extension Style.Role {
    /// The eight colours that every terminal's owner has chosen to be readable.
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .dim: "2"
        case .good: "32"
        case .bad: "31"
        case .warning: "33"
        case .accent: "36"
        }
    }
}
