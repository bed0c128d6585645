import OrchProtocol

/// What a program has printed, as readings look at it: the JSON in it, and the lines in which patterns are looked for.
struct OutputText {
    var documents: [JSONText]
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
