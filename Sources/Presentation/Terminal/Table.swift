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
