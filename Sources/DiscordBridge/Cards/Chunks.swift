import Text

/// A long text in several messages: cut at the ends of lines where there are any, else between words; and a block of code that is cut
/// continues as one.
public struct Chunks {
    /// - Parameter length: how many UTF-16 units a message holds, which is what Discord counts at most.
    /// - Returns: at least one piece; their text is the whole, except for white space at the cuts.
    public static func of(_ text: String, length: Int = DiscordText.messageLength) -> [String] {
        var chunks = Chunks(limit: length - close.utf16.count)
        for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) { chunks.add(Substring(line)) }
        chunks.end()
        return chunks.pieces.isEmpty ? [""] : chunks.pieces
    }

    private static let close = "\n```"

    private let limit: Int
    private var pieces: [String] = []
    private var piece = ""
    private var size = 0
    /// What opens the block again that is open; nil outside of one.
    private var fence: String?
    /// Whether there is more in the piece than fences and white space.
    private var hasText = false

    private init(limit: Int) { self.limit = limit }

    private func fits(_ line: Substring) -> Bool { size + 1 + line.utf16.count <= limit }

    private mutating func add(_ line: Substring) {
        if !fits(line) { end() }
        var rest = line
        while !fits(rest) {
            let head = Self.head(of: rest, max(1, limit - size - 1))
            append(head)
            end()
            rest = rest[head.endIndex...]
        }
        append(rest)
    }

    private mutating func append(_ line: Substring) {
        piece += piece.isEmpty ? String(line) : "\n" + line
        let wasOpen = fence != nil
        if !DiscordText.fences(in: line.unicodeScalars).isMultiple(of: 2) {
            let isName = line.utf8.count <= 30 && line.utf8.starts(with: "```".utf8)
            fence = wasOpen ? nil : isName && !line.utf8.contains(UInt8(ascii: " ")) ? String(line) : "```"
        }
        hasText = hasText || line.unicodeScalars.contains { !$0.properties.isWhitespace && $0 != "`" } && fence != String(line)
        // A block that was reopened and closed at once is left out.
        if wasOpen, fence == nil, !hasText { piece = "" }
        size = piece.utf16.count
    }

    private mutating func end() {
        if hasText { pieces.append(fence == nil ? piece : piece + Self.close) }
        piece = fence ?? ""
        size = piece.utf16.count
        hasText = false
    }

    /// As much of a line as has at most this number of UTF-16 units, to the end of a word if there is one near; at least one scalar.
    private static func head(of line: Substring, _ length: Int) -> Substring {
        let scalars = line.unicodeScalars
        var count = 0
        var end = scalars.startIndex
        var space: Substring.UnicodeScalarView.Index?
        for index in scalars.indices {
            count += UTF16.width(scalars[index])
            if count > length, index != scalars.startIndex { break }
            end = scalars.index(after: index)
            if scalars[index] == " " { space = end }
        }
        if let space, scalars.distance(from: space, to: end) <= 40 { return line[..<space] }
        return line[..<end]
    }
}
