import OrchProtocol

/// How one thing — the answer, a number of tokens, an error — is read out of what a program printed.
public struct OutputExtractor: Sendable, Hashable {
    /// What to make of several finds.
    public enum Combination: String, Sendable, CaseIterable {
        /// The last one.
        case last
        /// Of text: all of them, one after the other.
        case join
        /// Of numbers: all of them, added up.
        case sum
    }

    /// The scalars at a pointer that make a document count: one of some words, as the document writes them.
    public struct Condition: Sendable, Hashable {
        public var pointer: JSONPointer
        public var words: [String]

        public init(pointer: JSONPointer, words: [String]) {
            self.pointer = pointer
            self.words = words
        }
    }

    /// Where in a document; the first one with something there counts, or all of them for a sum.
    public var pointers: [JSONPointer] = []
    /// Lines of text to look for, in the order of preference.
    public var patterns: [TextPattern] = []
    /// All of them must hold of the document.
    public var conditions: [Condition] = []
    public var combination = Combination.last
}

extension OutputExtractor.Condition {
    func holds(for document: JSONSpan) -> Bool { document.values(at: pointer).contains { words.contains($0.text) } }
}

extension OutputExtractor {
    public init(pointers: [JSONPointer]) { self.init(pointers: pointers, patterns: []) }

    private func find(in document: JSONSpan) -> [JSONSpan] {
        guard conditions.allSatisfy({ $0.holds(for: document) }) else { return [] }
        let found = pointers.lazy.map { document.values(at: $0).filter { !$0.isNull && $0.text != "" } }
        return combination == .sum ? found.flatMap(\.self) : found.first { !$0.isEmpty } ?? []
    }

    /// Whether a document may hold what is looked for.
    func finds(in document: JSONSpan) -> Bool { !find(in: document).isEmpty }

    /// The text found, or nil.
    func text(in output: OutputText) -> String? {
        let finds = output.documents.flatMap { document in
            // Several parts of one document are one text.
            let parts = find(in: document)
            return parts.isEmpty ? [] : [parts.map(\.text).joined(separator: "\n")]
        }
        if let last = finds.last { return combination == .join ? finds.joined() : last }
        return patterns.lazy.compactMap { $0.lastMatch(in: output.lines) }.first
    }

    /// The number found, or nil.
    func number(in output: OutputText) -> Double? {
        var finds = output.documents.flatMap { find(in: $0).compactMap(\.number) }
        if finds.isEmpty {
            for pattern in patterns where finds.isEmpty {
                finds = output.lines.compactMap { pattern.match($0).flatMap(NumberText.value(in:)) }
            }
        }
        guard let last = finds.last else { return nil }
        return combination == .sum ? finds.reduce(0, +) : last
    }
}

extension [OutputExtractor] {
    /// What the first of them finds that finds anything.
    func text(in output: OutputText) -> String? {
        lazy.compactMap { $0.text(in: output) }.first
    }

    func number(in output: OutputText) -> Double? {
        lazy.compactMap { $0.number(in: output) }.first
    }
}

/// What a program has printed, as readings look at it: the JSON in it, and the lines in which patterns are looked for.
struct OutputText {
    var documents: [JSONSpan]
    var lines: [Substring.UTF8View]

    /// Lines longer than this hold no message for people.
    private static let longestLine = 16_384

    /// The lines at the end of some text, as a reader sees them.
    static func lines(of bytes: [UInt8], last count: Int = 65_536) -> [Substring.UTF8View] {
        String(decoding: EscapeCodes.removed(from: Array(bytes.suffix(count))), as: UTF8.self)[...].utf8
            .split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            .map { Substring($0).utf8 }.filter { $0.count <= longestLine }
    }

    /// Whether there is nothing in a text that can be seen.
    static func isBlank(_ bytes: [UInt8]) -> Bool {
        if !bytes.contains(where: { $0 == 0x1B || $0 == 0xC2 }), bytes.contains(where: { (0x21...0x7E).contains($0) }) {
            return false
        }
        return String(decoding: EscapeCodes.removed(from: bytes), as: UTF8.self).unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }
}

/// Numbers as programs print them for people: `$0.0021`, `1,234`, `2.4k`.
enum NumberText {
    /// The number at the end of the text, or else at its beginning.
    static func value(in text: String) -> Double? {
        let words = text.split { $0 == " " || $0 == "\t" }
        return words.last.flatMap(value(of:)) ?? words.first.flatMap(value(of:))
    }

    private static func value(of word: Substring) -> Double? {
        var word = word.drop { $0 == "$" || $0 == "~" }
        while let last = word.last, ".,;:)]".contains(last) { word.removeLast() }
        let factor = word.last.flatMap { ["k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6][$0] }
        if factor != nil { word.removeLast() }
        guard word.first?.isNumber ?? false, word.allSatisfy({ "0123456789.,".contains($0) }),
            let number = Double(word.filter { $0 != "," }), number.isFinite
        else { return nil }
        return number * (factor ?? 1)
    }
}
