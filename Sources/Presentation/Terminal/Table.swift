@_exported import Text

/// Rows under headings, each column as wide as its widest cell, and no wider than the terminal together.
public struct Table: Sendable {
    /// A column's heading and how it behaves.
    public struct Column: Sendable {
        /// The heading.
        public var title: String
        /// For numbers.
        public var alignsRight = false
        /// Whether it gives way when there is not room for all.
        public var shrinks = false

        public init(_ title: String, alignsRight: Bool = false, shrinks: Bool = false) {
            self.title = title
            self.alignsRight = alignsRight
            self.shrinks = shrinks
        }
    }

    /// What stands in one place.
    public struct Cell: Sendable, ExpressibleByStringLiteral {
        /// Its text; must be one line.
        public var text: String
        /// What it is, for its colour.
        public var role: Style.Role

        public init(_ text: String, _ role: Style.Role = .plain) {
            self.text = text
            self.role = role
        }

        public init(stringLiteral value: String) { self.init(value) }
    }

    /// The narrowest that a column is made.
    private static let minimumWidth = 8

    private let columns: [Column]
    private var rows: [[Cell]] = []

    public init(_ columns: [Column]) { self.columns = columns }

    /// Whether there is nothing to show but headings.
    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. Cells beyond the columns are not shown.
    public mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The table, each line ended by a line feed.
    ///
    /// - Parameters:
    ///   - width: the columns of the terminal; nil to cut nothing off.
    ///   - hasHeadings: false for the second and further pages of a long list.
    public func text(style: Style, width: Int? = nil, hasHeadings: Bool = true) -> String {
        let widths = fittedWidths(width)
        var text = hasHeadings ? line(columns.map { Cell($0.title, .dim) }, widths, style) : ""
        for row in rows { text += line(row, widths, style) }
        return text
    }

    private func fittedWidths(_ available: Int?) -> [Int] {
        var widths = columns.map { TextWidth.of($0.title) }
        for row in rows {
            for (index, cell) in row.prefix(columns.count).enumerated() {
                widths[index] = max(widths[index], TextWidth.of(cell.text))
            }
        }
        guard let available else { return widths }
        var excess = widths.reduce(0, +) + 2 * (columns.count - 1) - available
        let flexible = columns.indices.filter { columns[$0].shrinks }
        // The widest gives first, down to the next: what is short stays whole as long as possible.
        while excess > 0, let widest = flexible.max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.minimumWidth {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: Style) -> String {
        var line = ""
        // Blanks are written only before text, so that no line ends in them.
        var blanks = 0
        for (index, column) in columns.enumerated() {
            let cell = index < cells.count ? cells[index] : ""
            let text = TextWidth.fit(cell.text, to: widths[index])
            let padding = widths[index] - TextWidth.of(text)
            if text.isEmpty {
                blanks += widths[index] + 2
                continue
            }
            line += String(repeating: " ", count: blanks + (column.alignsRight ? padding : 0)) + style(cell.role, text)
            blanks = 2 + (column.alignsRight ? 0 : padding)
        }
        return line + "\n"
    }
}

/// How much room text takes on a terminal.
enum TextWidth {
    static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + of($1) }
    }

    /// The text, or as much of it as fits and an ellipsis.
    static func fit(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        var result = ""
        var room = max(width - 1, 0)
        for character in text {
            room -= of(character)
            if room < 0 { break }
            result.append(character)
        }
        return width > 0 ? result + "…" : ""
    }

    private static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default:
            return first.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}
