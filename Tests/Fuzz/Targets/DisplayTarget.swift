import FoundationEssentials
import OrchProtocol

@testable import OrchClient
@testable import Presentation

/// What tasks and other users wrote, on its way to a terminal.
enum DisplayTarget: FuzzTarget {
    static let name = "display"

    static func check(_ input: [UInt8]) throws {
        try layOut(input)
        let text = String(decoding: input, as: UTF8.self)
        let line = SafeText.line(text)
        try hold(line.unicodeScalars.allSatisfy(isHarmless), "steers the terminal: \(line.debugDescription)")
        try hold(SafeText.line(line) == line, "safe text changes when it is made safe")
        let block = SafeText.block(text)
        try hold(
            block.unicodeScalars.allSatisfy { isHarmless($0) || $0 == "\n" || $0 == "\t" }, "steers the terminal in a block")
        try hold(SafeText.command([ByteString(text)]).unicodeScalars.allSatisfy(isHarmless), "steers the terminal in a command")
        for width in [0, 1, 2, 9, 80] {
            let fitted = TextWidth.fit(line, to: width)
            try hold(TextWidth.of(fitted) <= width, "\(TextWidth.of(fitted)) columns in \(width)")
        }
        try hold(text.shortened(to: 40).utf8.count <= 4 * 40 + 3, "shortened, and still long")
        _ = nearest(text, in: TaskSpec.names)
        var event = Event(at: Timestamp(milliseconds: 0), kind: .taskFinished)
        event.detail = text
        try hold(Wire.decode(Event.self, from: event.line).detail?.utf8.elementsEqual(text.utf8) == true, "another detail")
    }

    /// Laid out, JSON is the same JSON.
    private static func layOut(_ input: [UInt8]) throws {
        var scanner = JSONScanner(input)
        let pretty = JSONPrinter.pretty(input)
        guard (try? scanner.value()) != nil else { return }
        scanner.skipSpace()
        guard scanner.position == input.count else { return }
        var again = JSONScanner(pretty)
        try hold((try? again.value()) != nil, "not JSON any more")
        try hold(JSONPrinter.pretty(pretty) == pretty, "laid out twice it is another")
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        !(scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value))
    }
}
