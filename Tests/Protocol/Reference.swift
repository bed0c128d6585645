import Foundation

/// `docs/protocol.md`, as far as tests can read it.
struct Reference: Sendable {
    struct Example: Sendable {
        var isRequest: Bool
        var line: String
    }

    /// The rows of the tables under each heading, cell by cell; only those that begin with a `word`, which has lost its quotes.
    private(set) var tables: [String: [[String]]] = [:]
    /// The lines of the blocks marked `json in` and `json out`, in their order.
    private(set) var examples: [Example] = []
    /// What links within the document point to, and where they may point.
    private(set) var links: Set<String> = []
    private(set) var anchors: Set<String> = []

    init() throws {
        let text = try String(contentsOf: Schema.docs.appending(path: "protocol.md"), encoding: .utf8)
        var section = ""
        var fence: Substring?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("```") {
                fence = fence == nil ? line.dropFirst(3) : nil
            } else if let fence {
                if fence == "json in" || fence == "json out" {
                    examples.append(Example(isRequest: fence == "json in", line: String(line)))
                }
            } else if line.hasPrefix("#") {
                section = String(line.drop { $0 == "#" || $0 == " " }).replacing("`", with: "")
                tables[section] = []
                anchors.insert(Self.anchor(of: section))
            } else {
                if line.hasPrefix("| `") { tables[section]?.append(Self.cells(of: line)) }
                for match in line.matches(of: /\]\(#([^)]*)\)/) { links.insert(String(match.output.1)) }
            }
        }
    }

    private static func cells(of row: Substring) -> [String] {
        var cells = row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        cells[0] = cells[0].replacing("`", with: "")
        return cells
    }

    /// As GitHub makes it.
    private static func anchor(of heading: String) -> String {
        heading.lowercased().replacing(" ", with: "-").filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    }
}
