/// Whether and how text is coloured.
public struct Style: Sendable, Equatable {
    /// What a piece of text is, so that one place decides on its colour: of the eight that every terminal's owner has chosen to be readable.
    public enum Role: String, Sendable {
        case plain = ""
        case strong = "1", dim = "2", good = "32", bad = "31", warning = "33", accent = "36"
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
        guard isColoured, !text.isEmpty, role != .plain else { return text }
        return "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m"
    }
}
