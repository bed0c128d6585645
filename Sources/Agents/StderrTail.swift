import OrchProtocol

/// What a program that failed has said at last, on one line for people.
public enum StderrTail {
    /// How much of the end of a stream is looked at.
    public static let window = 4_096
    private static let mostLines = 3
    private static let longest = 300

    /// The last lines of a text that hold anything: three at most, and of those the last ones that have room. Nil if there
    /// is nothing to show.
    public static func line(of bytes: some Collection<UInt8>) -> String? {
        let lines = OutputText.lines(of: Array(bytes.suffix(window)), last: window).compactMap {
            sentence(String(Substring($0)))
        }
        guard var words = lines.last else { return nil }
        for line in lines.dropLast().suffix(mostLines - 1).reversed() {
            let longer = line + " / " + words
            guard longer.unicodeScalars.count <= longest else { break }
            words = longer
        }
        return words
    }

    /// A text on one line, not too long, without a full stop. What a program says on several lines often says nothing on the first.
    static func sentence(_ text: String) -> String? {
        let words = String(decoding: EscapeCodes.removed(from: Array(text.utf8)), as: UTF8.self).split(
            whereSeparator: \.isWhitespace)
        guard !words.isEmpty else { return nil }
        var line = words.joined(separator: " ").shortened(to: longest)
        while line.hasSuffix(".") { line.removeLast() }
        return line
    }
}
