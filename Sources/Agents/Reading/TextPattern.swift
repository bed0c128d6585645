/// What to look for in a line of text: words as they are, `*` for anything, `{value}` for what is wanted, and `^` at the beginning
/// for the beginning of the line. Large and small letters are the same.
///
/// Less than a regular expression, so that no line can make it take long: each piece is looked for once, from left to right.
public struct TextPattern: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case words([UInt8])
        case gap
        case value
    }

    public let source: String
    private let pieces: [Piece]
    private let isAnchored: Bool

    /// Nil for a pattern without a word to look for, or with more than one `{value}`.
    public init?(_ source: String) {
        self.source = source
        var rest = Array(source.utf8)[...]
        isAnchored = rest.first == UInt8(ascii: "^")
        if isAnchored { rest = rest.dropFirst() }
        let hole = Array("{value}".utf8)
        var pieces: [Piece] = []
        var words: [UInt8] = []
        func close() -> [Piece] { words.isEmpty ? [] : [.words(words)] }
        while let byte = rest.first {
            if byte == UInt8(ascii: "*") || rest.starts(with: hole) {
                pieces += close() + [byte == UInt8(ascii: "*") ? .gap : .value]
                words = []
                rest = rest.dropFirst(byte == UInt8(ascii: "*") ? 1 : hole.count)
            } else {
                words.append(Self.lowered(byte))
                rest = rest.dropFirst()
            }
        }
        pieces += close()
        let hasWords = pieces.contains { if case .words = $0 { true } else { false } }
        guard hasWords, pieces.count(where: { $0 == .value }) <= 1 else { return nil }
        self.pieces = pieces
    }

    /// What stands in place of `{value}` in the last line that fits, without space around it; nil if none does. A pattern without
    /// `{value}` answers the line.
    func lastMatch(in lines: [Substring.UTF8View]) -> String? {
        lines.reversed().lazy.compactMap(match).first
    }

    func match(_ line: Substring.UTF8View) -> String? {
        let bytes = Array(line)
        var position = 0
        var isFree = !isAnchored
        var valueStart: Int?
        var value: Range<Int>?
        for piece in pieces {
            switch piece {
            case .gap: isFree = true
            case .value:
                valueStart = position
                isFree = true
            case .words(let words):
                guard let found = Self.find(words, in: bytes, from: position, isFree: isFree) else { return nil }
                if let start = valueStart, value == nil { value = start..<found }
                position = found + words.count
                isFree = false
            }
        }
        if let start = valueStart, value == nil { value = start..<bytes.count }
        return Self.trimmed(bytes[value ?? 0..<bytes.count])
    }

    private static func find(_ words: [UInt8], in bytes: [UInt8], from start: Int, isFree: Bool) -> Int? {
        guard start + words.count <= bytes.count else { return nil }
        for offset in start...(isFree ? bytes.count - words.count : start)
        where words.indices.allSatisfy({ lowered(bytes[offset + $0]) == words[$0] }) {
            return offset
        }
        return nil
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.endIndex
        let end = bytes.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }
}
