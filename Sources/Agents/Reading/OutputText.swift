/// What a program has printed, as readings look at it: the JSON in it, and the lines in which patterns are looked for.
struct OutputText {
    var documents: [JSONText]
    var lines: [Substring.UTF8View]

    /// Lines longer than this hold no message for people.
    private static let longestLine = 16_384

    /// The lines at the end of some text.
    static func lines(of bytes: [UInt8], last count: Int = 65_536) -> [Substring.UTF8View] {
        String(decoding: bytes.suffix(count), as: UTF8.self)[...].utf8
            .split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            .map { Substring($0).utf8 }.filter { $0.count <= longestLine }
    }
}
