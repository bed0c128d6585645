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
